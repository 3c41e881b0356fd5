//! How Step Functions spells names: as the AWS SDK for Java 2 does, whose code generator these rules come from.
//!
//! | name | from | rule |
//! |---|---|---|
//! | client, `DynamoDb` | the model's service id | words joined, without a leading `Amazon` or `Aws` and a trailing `Service` |
//! | service, `dynamodb` | the client's name | in lower case |
//! | action, `describeDBInstances` | the model's operation | leading capitals lowered, but for one that begins a word |
//! | member, `DbInstanceIdentifier` | the model's member | as an action, then a capital first; `Value` behind words of Java |
//! | error, `DbInstanceNotFoundException` | the model's error | words joined, a trailing `Fault` cut, `Exception` behind |
//!
//! Exceptions: a date behind an operation's name is cut (`CreateDistribution2020_05_31`), and DynamoDB's `NULL` is `Nul`.

/// Words that Java or its SDK keeps for itself.
const RESERVED: &[&str] = &[
    "abstract",
    "assert",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "equals",
    "extends",
    "false",
    "final",
    "finalize",
    "finally",
    "float",
    "for",
    "getClass",
    "goto",
    "hashCode",
    "if",
    "implements",
    "import",
    "instanceof",
    "int",
    "interface",
    "long",
    "native",
    "new",
    "notify",
    "notifyAll",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "short",
    "static",
    "strictfp",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "toString",
    "transient",
    "true",
    "try",
    "void",
    "volatile",
    "wait",
    "while",
];

/// The client's name, by which errors and causes go.
pub(crate) fn client(service_id: &str) -> String {
    let name = joined(service_id);
    let name = name.strip_prefix("Amazon").unwrap_or(&name);
    let name = name.strip_prefix("Aws").unwrap_or(name);
    name.strip_suffix("Service").unwrap_or(name).to_owned()
}

/// An action's name.
pub(crate) fn action(operation: &str) -> String {
    uncapitalized(undated(operation))
}

/// An operation's name without the date that some have behind it.
pub(crate) fn undated(operation: &str) -> &str {
    let is_date = |tail: &str| {
        tail.char_indices().all(|(index, letter)| match index {
            4 | 7 => letter == '_',
            _ => letter.is_ascii_digit(),
        })
    };
    match operation.len().checked_sub(10).and_then(|at| operation.split_at_checked(at)) {
        Some((name, date)) if is_date(date) => name,
        _ => operation,
    }
}

/// A member's name.
pub(crate) fn member(name: &str) -> String {
    if name == "NULL" {
        return "Nul".to_owned();
    }
    let mut property = uncapitalized(name);
    if RESERVED.contains(&property.as_str()) {
        property.push_str("Value");
    }
    capitalized(&property)
}

/// An error's name.
pub(crate) fn exception(shape: &str) -> String {
    let name = joined(shape.strip_suffix("Fault").unwrap_or(shape));
    if name.ends_with("Exception") { name } else { name + "Exception" }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().map(|first| first.to_ascii_uppercase()).chain(letters).collect()
}

/// Lowers the first letter and the capitals that follow it, but for one that begins a word.
fn uncapitalized(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let is_upper = |index: usize| letters.get(index).is_some_and(char::is_ascii_uppercase);
    let is_lower = |index: usize| letters.get(index).is_some_and(char::is_ascii_lowercase);
    let mut end = 1;
    while is_upper(end) && !is_lower(end.saturating_add(1)) {
        end = end.saturating_add(1);
    }
    let lowered = |(index, letter): (usize, &char)| match index < end {
        true => letter.to_ascii_lowercase(),
        false => *letter,
    };
    letters.iter().enumerate().map(lowered).collect()
}

/// The words of a name, each with a capital first, joined.
fn joined(name: &str) -> String {
    words(name).iter().map(|word| capitalized(&word.to_ascii_lowercase())).collect()
}

fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { ' ' })
        .collect();
    let mut words = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        if *letter == ' ' || begins_word(&letters, index) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| *letter != ' ') {
            word.push(*letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a word begins here: `v2` by itself, `camelCase`, an acronym before a word, letters behind digits.
fn begins_word(letters: &[char], index: usize) -> bool {
    let at = |offset: isize| at(letters, index, offset);
    let (before, letter, after) = (at(-1), at(0), at(1));
    if index == 0 || before == ' ' {
        return false;
    }
    let ends_acronym = letter.is_ascii_uppercase()
        && after.is_ascii_lowercase()
        && !begins_version(letters, index.saturating_add(1));
    begins_version(letters, index)
        || before.is_ascii_lowercase()
            && letter.is_ascii_uppercase()
            && after.is_ascii_alphanumeric()
        || before.is_ascii_uppercase() && ends_acronym
        || before.is_ascii_digit() && letter.is_ascii_alphabetic()
}

/// Whether a `v` with digits behind it stands here, after two letters of the other case.
fn begins_version(letters: &[char], index: usize) -> bool {
    let before = [at(letters, index, -1), at(letters, index, -2)];
    let is_apart = match at(letters, index, 0) {
        'v' => !before.iter().any(char::is_ascii_lowercase),
        'V' => !before.iter().any(char::is_ascii_uppercase),
        _ => false,
    };
    index >= 2 && is_apart && at(letters, index, 1).is_ascii_digit()
}

fn at(letters: &[char], index: usize, offset: isize) -> char {
    index.checked_add_signed(offset).and_then(|index| letters.get(index)).copied().unwrap_or(' ')
}

/// The name that comes nearest to one that is unknown, if one does.
pub(crate) fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let name: Vec<u8> = name.bytes().take(NAME_BYTES_MAX).collect();
    let lower = name.to_ascii_lowercase();
    let distance = |known: &String| distance(&lower, known.to_ascii_lowercase().as_bytes());
    let found = known.map(|known| (distance(&known), known)).min()?;
    (found.0 <= name.len().div_ceil(3)).then_some(found.1)
}

/// As much of a name as is compared.
const NAME_BYTES_MAX: usize = 80;

/// How many letters must be put in, left out or replaced to make one name of the other.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in (1_usize..).zip(one) {
        let (mut left, mut diagonal) = (line, line.saturating_sub(1));
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = line;
        }
        for (above, against) in cells.zip(other) {
            let replaced = diagonal.saturating_add(usize::from(letter != against));
            diagonal = *above;
            left = replaced.min(left.saturating_add(1)).min(above.saturating_add(1));
            *above = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_and_services() {
        for (id, expected) in [
            ("DynamoDB", "DynamoDb"),
            ("SFN", "Sfn"),
            ("Secrets Manager", "SecretsManager"),
            ("S3", "S3"),
            ("EventBridge", "EventBridge"),
            ("CloudWatch Logs", "CloudWatchLogs"),
            ("ACM PCA", "AcmPca"),
            ("SESv2", "SesV2"),
            ("ApiGatewayV2", "ApiGatewayV2"),
            ("WAFV2", "Wafv2"),
            ("IoT Data Plane", "IotDataPlane"),
            ("EC2", "Ec2"),
            ("Config Service", "Config"),
            ("Database Migration Service", "DatabaseMigration"),
            ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
            ("Cost and Usage Report Service", "CostAndUsageReport"),
        ] {
            assert_eq!(client(id), expected, "{id}");
        }
    }

    #[test]
    fn actions_and_members() {
        for (operation, expected) in [
            ("DescribeDBInstances", "describeDBInstances"),
            ("PutItem", "putItem"),
            ("CreateDistribution2020_05_31", "createDistribution"),
            ("DBThing", "dbThing"),
        ] {
            assert_eq!(action(operation), expected);
        }
        for (name, expected) in [
            ("DBInstanceIdentifier", "DbInstanceIdentifier"),
            ("stateMachineArn", "StateMachineArn"),
            ("ETag", "ETag"),
            ("ChecksumCRC32", "ChecksumCRC32"),
            ("SSEKMSKeyId", "SsekmsKeyId"),
            ("BOOL", "Bool"),
            ("SS", "Ss"),
            ("S", "S"),
            ("NULL", "Nul"),
            ("equals", "EqualsValue"),
            ("default", "DefaultValue"),
        ] {
            assert_eq!(member(name), expected);
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = || ["putItem", "getItem", "putObject"].map(str::to_owned).into_iter();
        assert_eq!(nearest("putItm", known()).as_deref(), Some("putItem"));
        assert_eq!(nearest("PutItem", known()).as_deref(), Some("putItem"));
        assert_eq!(nearest("explode", known()), None);
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"ab"), 2);
    }

    #[test]
    fn errors() {
        for (shape, expected) in [
            ("ResourceNotFoundException", "ResourceNotFoundException"),
            ("NoSuchKey", "NoSuchKeyException"),
            ("DBInstanceNotFoundFault", "DbInstanceNotFoundException"),
            ("EC2AccessDeniedException", "Ec2AccessDeniedException"),
            ("InvalidToken", "InvalidTokenException"),
        ] {
            assert_eq!(exception(shape), expected);
        }
    }
}
