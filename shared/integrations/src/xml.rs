//! As much XML as the query protocol's answers need: the text of one element.

/// The text of the first element of this name that holds nothing but text.
pub(crate) fn text(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    (!text.contains('<')).then(|| unescaped(text))
}

fn unescaped(text: &str) -> String {
    // The ampersand last: what it brings out is no entity.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_found_and_its_entities_read() {
        let xml = "<a><b>1 &lt; 2 &amp;lt;</b></a>";
        assert_eq!(text(xml, "b").as_deref(), Some("1 < 2 &lt;"));
        for name in ["a", "c"] {
            assert_eq!(text(xml, name), None, "{name}");
        }
        assert_eq!(text("<b>", "b"), None);
    }
}
