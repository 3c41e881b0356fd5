//! Aliases of state machines.

use super::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

/// An alias: a name for one version, or for two of them by chance. Group: the machine's ARN; key: the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    /// When it was created.
    pub created_millis: i64,
    /// When it was updated, or created.
    pub updated_millis: i64,
    /// `description`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it leads; the weights are 100 together.
    pub routes: Vec<Route>,
}

/// One of an alias's versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The version's number.
    pub version: u32,
    /// How many of a hundred starts it gets.
    pub weight: u8,
}

impl Document for Alias {
    const KIND: DocumentKind = DocumentKind::Alias;
}

impl Alias {
    /// The version that a draw of chance leads to.
    #[must_use]
    pub fn version(&self, bits: u128) -> Option<u32> {
        let drawn = bits % 100;
        let mut below = 0_u128;
        let drawn = self.routes.iter().find(|route| {
            below = below.saturating_add(route.weight.into());
            drawn < below
        });
        drawn.or(self.routes.last()).map(|route| route.version)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    fn alias(routes: &[(u32, u8)]) -> Alias {
        let routes = routes.iter().map(|&(version, weight)| Route { version, weight }).collect();
        Alias { created_millis: 1, updated_millis: 2, description: None, routes }
    }

    #[test]
    fn aliases_read_back() {
        check(
            &alias(&[(1, 60), (2, 40)]),
            r#"{"v":1,"d":{"createdMillis":1,"updatedMillis":2,"routes":[{"version":1,"weight":60},{"version":2,"weight":40}]}}"#,
        );
    }

    #[test]
    fn chance_is_shared_by_weight() {
        let count = |routes: &[(u32, u8)]| {
            let alias = alias(routes);
            (0..100).filter(|bits| alias.version(1_000_000 * 100 + bits) == Some(1)).count()
        };
        assert_eq!(count(&[(1, 100)]), 100);
        assert_eq!(count(&[(1, 60), (2, 40)]), 60);
        assert_eq!(count(&[(1, 0), (2, 100)]), 0);
        assert_eq!(count(&[(2, 99), (1, 1)]), 1);
    }
}
