//! Where an HTTP Task may lead: to public addresses, and to the hosts that were allowed by name.
//!
//! A definition's author must not reach what only the machine that runs it can reach: its own ports, its network, the credentials
//! that a cloud hands out at a link-local address. What counts is the address that the connection is made to, so that a name
//! which leads elsewhere at its second look-up leads nowhere.

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// Hosts that may be anywhere: `localhost`, `10.0.0.7`, `*.internal`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Reads patterns: a name or an address, or `*.` and the end of names.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        let kept = patterns.into_iter().map(|pattern| pattern.trim().to_ascii_lowercase());
        AllowedHosts(kept.filter(|pattern| !pattern.is_empty()).collect())
    }

    /// Whether this host may be anywhere.
    #[must_use]
    pub fn allow(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        self.0.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(end) => end.starts_with('.') && host.ends_with(end),
            None => *pattern == host,
        })
    }
}

/// Why a request was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forbidden {
    #[error(
        "`{0}` is an address of a private network, which HTTP Tasks may not call unless its host is allowed"
    )]
    Private(String),
    #[error(
        "`{0}` is called without encryption, which HTTP Tasks may not do unless the host is allowed"
    )]
    Plain(String),
}

/// Finds the addresses of a host; with a guard, only those that may be called.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    system: GaiResolver,
    guard: Option<Arc<AllowedHosts>>,
}

impl Resolver {
    pub(crate) fn new(guard: Option<Arc<AllowedHosts>>) -> Self {
        Resolver { system: GaiResolver::new(), guard }
    }

    /// Whether a request may go to this host at all, as far as its name says.
    pub(crate) fn check(&self, uri: &http::Uri) -> Result<(), Forbidden> {
        let Some(allowed) = &self.guard else { return Ok(()) };
        let host = uri.host().unwrap_or_default();
        if allowed.allow(host) {
            return Ok(());
        }
        if uri.scheme_str() != Some("https") {
            return Err(Forbidden::Plain(host.to_owned()));
        }
        // An address in place of a name is never looked up.
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if is_private(address) => Err(Forbidden::Private(host.to_owned())),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

type Found = std::vec::IntoIter<SocketAddr>;

impl Service<Name> for Resolver {
    type Response = Found;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Found, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.system.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let is_free = self.guard.as_ref().is_none_or(|allowed| allowed.allow(name.as_str()));
        let host = name.as_str().to_owned();
        let found = self.system.call(name);
        Box::pin(async move {
            let all = found.await?;
            let fit: Vec<SocketAddr> =
                all.filter(|address| is_free || !is_private(address.ip())).collect();
            if fit.is_empty() {
                return Err(std::io::Error::other(Forbidden::Private(host)));
            }
            Ok(fit.into_iter())
        })
    }
}

/// Whether an address is one that not everybody can reach, or that stands for one.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || first == 0
        || first >= 240
        // Shared by providers and their customers; IETF protocols; benchmarks.
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (18..20).contains(&second))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        // Addresses that carry one of version 4: as they are, translated, or tunnelled.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] if high != 0 || low > 1 => {
            is_private_v4(embedded(high, low))
        }
        [0x64, 0xff9b, .., high, low] => is_private_v4(embedded(high, low)),
        [0x2002, high, low, ..] => is_private_v4(embedded(high, low)),
        [0x2001, 0 | 0xdb8, ..] | [0x0100, 0, 0, 0, ..] => true,
        [first, ..] => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                // Unique local, link-local, and the site-local ones of old.
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || first & 0xffc0 == 0xfec0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_not_everybody_can_reach_is_private() {
        for address in [
            "127.0.0.1",
            "127.255.0.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2002:7f00:1::",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "198.20.0.1",
            "8.8.8.8",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::",
        ] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn hosts_are_allowed_by_name() {
        let allowed =
            AllowedHosts::new(["localhost", " 10.0.0.7", "*.internal", "*", ""].map(str::to_owned));
        for host in ["localhost", "LOCALHOST", "10.0.0.7", "a.internal", "b.a.internal"] {
            assert!(allowed.allow(host), "{host}");
        }
        for host in ["", "internal", "xinternal", "localhost.example.com", "10.0.0.70"] {
            assert!(!allowed.allow(host), "{host}");
        }
    }

    #[test]
    fn plain_and_literal_addresses_are_refused_before_they_are_called() {
        let resolver = Resolver::new(Some(Arc::new(AllowedHosts::new(["127.0.0.1".to_owned()]))));
        let check = |uri: &str| resolver.check(&uri.parse().unwrap()).is_ok();
        for uri in ["https://example.com/", "https://1.1.1.1", "http://127.0.0.1:80/"] {
            assert!(check(uri), "{uri}");
        }
        for uri in [
            "http://example.com/",
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://[fd00:ec2::254]/",
        ] {
            assert!(!check(uri), "{uri}");
        }
        assert!(Resolver::new(None).check(&"http://10.0.0.1/".parse().unwrap()).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_leads_nowhere() {
        let mut resolver = Resolver::new(Some(Arc::default()));
        let error = resolver.call("localhost".parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("private network"), "{error}");
        let mut free = Resolver::new(Some(Arc::new(AllowedHosts::new(["localhost".to_owned()]))));
        assert!(free.call("localhost".parse().unwrap()).await.is_ok());
    }
}
