//! Where the load goes: the URL, looked at before anything is sent.

use hyper::Uri;
use qi_examples::Trouble;
use qi_runtime::net::lookup_host;
use std::net::SocketAddr;

/// A server, and what to ask it for.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// As the header `host` names it.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

impl Target {
    /// Reads the URL and looks its host up.
    pub(crate) async fn find(url: &str, allow_remote: bool) -> Result<Self, Trouble> {
        let (authority, host, port, path) = parse(url)?;
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let found = lookup_host((name, port)).await;
        let addresses: Vec<SocketAddr> = found
            .map_err(|error| {
                Trouble::io(&format!("cannot find {host}"), &format!("找不到 {host}"), &error)
            })?
            .collect();
        // The first, unless only another one is on this machine.
        let local = addresses.iter().find(|address| address.ip().is_loopback());
        let first = addresses.first().filter(|_| allow_remote);
        match first.or(local) {
            Some(address) => Ok(Self { address: *address, authority, path }),
            None => Err(Trouble::new(
                format!(
                    "{host} is not on this machine: a load on others' servers may be an attack; \
                     --allow-remote says that you may"
                ),
                format!(
                    "{host} 不是本机：对他人的服务施压可能构成攻击；确有许可时请加 --allow-remote"
                ),
            )),
        }
    }
}

/// Authority, host, port, and path with query.
fn parse(url: &str) -> Result<(String, String, u16, String), Trouble> {
    let wrong = |english: &str, chinese: &str| {
        Trouble::new(format!("`{url}`: {english}"), format!("“{url}”：{chinese}"))
    };
    let example = "a URL such as http://127.0.0.1:8080/ is expected";
    let uri: Uri = url.parse().map_err(|_| wrong(example, "应为 http://127.0.0.1:8080/ 形式"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err(wrong("TLS is not spoken here, only http", "不支持 TLS，仅支持 http"));
        }
        Some(_) => return Err(wrong("only http is spoken here", "仅支持 http")),
        None => return Err(wrong(example, "应为 http://127.0.0.1:8080/ 形式")),
    }
    let authority = uri.authority().expect("a URL with a scheme has one");
    if authority.as_str().contains('@') {
        return Err(wrong("names and passwords are not sent from here", "不支持用户名和密码"));
    }
    let host = authority.host().to_owned();
    if host.is_empty() {
        return Err(wrong("it names no host", "缺少主机名"));
    }
    let port = authority.port_u16().unwrap_or(80);
    if authority.port().is_none() && authority.as_str().contains(':') && !host.contains(':') {
        return Err(wrong("the port is no number up to 65535", "端口无效"));
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((authority.to_string(), host, port, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let parts = parse("http://localhost:8080/tea?hot=1#leaf").expect("it is right");
        assert_eq!(parts, ("localhost:8080".into(), "localhost".into(), 8080, "/tea?hot=1".into()));
        let (_, host, port, path) = parse("http://[::1]").expect("it is right");
        assert_eq!((&*host, port, &*path), ("[::1]", 80, "/"));
    }

    #[test]
    fn urls_that_are_wrong_are_told_why() {
        for (url, part) in [
            ("localhost:8080", "a URL such as"),
            ("/tea", "a URL such as"),
            ("https://localhost/", "TLS is not spoken"),
            ("ftp://localhost/", "only http"),
            ("http://me:tea@localhost/", "passwords"),
            ("http://localhost:99999/", "port"),
            ("http:// localhost/", "a URL such as"),
        ] {
            let text = parse(url).expect_err(url).to_string();
            assert!(text.contains(part) && text.contains(url), "{url}: {text}");
        }
    }

    #[qi_runtime::test]
    async fn servers_elsewhere_need_a_permission() {
        // An address for documentation: nobody is asked for it.
        let refused = Target::find("http://192.0.2.1/", false).await.expect_err("not ours");
        assert!(refused.to_string().contains("--allow-remote"));
        let target = Target::find("http://192.0.2.1/", true).await.expect("allowed");
        assert_eq!(target.address, SocketAddr::from(([192, 0, 2, 1], 80)));
        let target = Target::find("http://127.0.0.1:1/a", false).await.expect("ours");
        assert_eq!((target.address.port(), &*target.path), (1, "/a"));
    }
}
