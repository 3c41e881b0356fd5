//! `--task NAME=COMMAND|URL`: what serves a Lambda function on this machine.

use super::words;
use baton_integrations::lambda::FunctionName;

/// One `--task`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pattern: String,
    server: Server,
}

/// What serves a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server {
    /// A command: the payload on stdin, the result on stdout.
    Command(Vec<String>),
    /// An address that the payload is posted to.
    Address(String),
}

/// What stands for the function's name in a command or an address.
const NAME: &str = "{name}";

impl Target {
    /// Reads `NAME=COMMAND` or `NAME=URL`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some((pattern, server)) = text.split_once('=') else {
            return Err(
                "it should be like 'order-*=./order-task {name}' or 'my-function=http://127.0.0.1:9000/'"
                    .to_owned(),
            );
        };
        if pattern.trim().is_empty() {
            return Err("there is no function name before the `=`".to_owned());
        }
        let server = match Server::address(server) {
            Ok(address) => address,
            Err(_) => Server::command(server)?,
        };
        Ok(Target { pattern: pattern.trim().to_owned(), server })
    }

    /// Whether it serves this function, by its name or as it is named. A name that Lambda would not allow has no
    /// function: it comes from a definition and goes into a command.
    pub(crate) fn serves(&self, function: &FunctionName) -> bool {
        function.is_plain()
            && [function.name(), function.as_str()].iter().any(|name| fits(&self.pattern, name))
    }

    /// Whether each call is a process.
    pub(crate) fn runs_command(&self) -> bool {
        self.server.is_command()
    }

    /// What serves this function.
    pub(crate) fn server(&self, function: &FunctionName) -> Server {
        self.server.named(function)
    }
}

impl Server {
    /// Whether each call is a process.
    pub(crate) fn is_command(&self) -> bool {
        matches!(self, Server::Command(_))
    }

    /// A command, as a shell would split it.
    pub(crate) fn command(text: &str) -> Result<Self, String> {
        words::split(text).map(Server::Command).map_err(|error| error.to_string())
    }

    /// An HTTP address.
    pub(crate) fn address(text: &str) -> Result<Self, String> {
        let is_address = text.starts_with("http://") || text.starts_with("https://");
        let address = || Server::Address(text.to_owned());
        is_address.then(address).ok_or_else(|| format!("`{text}` is no HTTP address"))
    }

    /// With the function's name in its place.
    pub(crate) fn named(&self, function: &FunctionName) -> Self {
        let named = |text: &String| text.replace(NAME, function.name());
        match self {
            Server::Command(words) => Server::Command(words.iter().map(named).collect()),
            Server::Address(address) => Server::Address(named(address)),
        }
    }
}

/// Whether a name fits a pattern: `*` stands for any letters, `?` for any one.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut to) = (0, 0);
    // Where the last `*` stands, and up to where it reaches: only the last one ever needs another try.
    let mut star: Option<(usize, usize)> = None;
    while to < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, to));
                at += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == name.get(to) => {
                at += 1;
                to += 1;
            }
            _ => {
                let Some((star_at, reach)) = star else { return false };
                star = Some((star_at, reach + 1));
                (at, to) = (star_at + 1, reach + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::Resource;
    use baton_integrations::{Origin, Task};
    use serde_json::json;

    fn function(name: &str) -> FunctionName {
        let resource = Resource::parse("arn:aws:states:::lambda:invoke").unwrap();
        let arguments = json!({ "FunctionName": name }).into();
        let origin = Origin { execution_arn: "", machine_arn: "", attempt: 0 };
        let task = Task::new(&resource, &arguments, &origin).unwrap();
        task.invocation().unwrap().function().clone()
    }

    #[test]
    fn a_pattern_fits_names_and_arns() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:order-pay";
        for (pattern, name, expected) in [
            ("order-pay", "order-pay", true),
            ("order-pay", arn, true),
            ("order-pay", "order-pay:live", true),
            ("order-*", arn, true),
            ("*", arn, true),
            (arn, arn, true),
            ("arn:*:order-*", arn, true),
            ("order-p?y", arn, true),
            ("*pay*", "order-pay", true),
            ("*a*a*", "banana", true),
            ("order-*", "my-order-pay", false),
            ("order-pa", "order-pay", false),
            ("order-pay?", "order-pay", false),
            (arn, "order-pay", false),
            ("*", "x; rm -rf ~", false),
            ("*", "../x", false),
        ] {
            let target = Target::parse(&format!("{pattern}=true")).unwrap();
            assert_eq!(target.serves(&function(name)), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_name_goes_into_the_command() {
        let target = Target::parse("order-*='./order task' --fn={name}").unwrap();
        let words = vec!["./order task".to_owned(), "--fn=order-pay".to_owned()];
        assert_eq!(target.server(&function("order-pay:live")), Server::Command(words));
        let target = Target::parse("*=http://127.0.0.1:9000/{name}?a=b").unwrap();
        let address = "http://127.0.0.1:9000/f?a=b".to_owned();
        assert_eq!(target.server(&function("f")), Server::Address(address));
    }

    #[test]
    fn a_task_that_is_no_task_says_why() {
        for (text, expected) in [
            ("order", "it should be like"),
            ("=true", "no function name"),
            ("f=", "there is no command"),
            ("f='x", "a single quote is not closed"),
        ] {
            let error = Target::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
