//! The page of a directory that has no page of its own.

use crate::clock;
use crate::target::{Target, escape, is_servable};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;\
color:#222;background:#fff}h1{font-size:1.3rem;word-break:break-all}table{width:100%;\
border-collapse:collapse}td{padding:.25rem .5rem;border-top:1px solid #e4e4e4}\
td+td{text-align:right;white-space:nowrap;color:#666;font-variant-numeric:tabular-nums}\
a{color:#0a58ca;text-decoration:none;word-break:break-all}a:hover{text-decoration:underline}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td{border-color:#333}\
td+td{color:#999}a{color:#7db0ff}}";

/// One row. Directories come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    is_file: bool,
    name: String,
    length: u64,
    modified: Option<SystemTime>,
}

/// The page: names, lengths and times of what is served below `directory`.
pub(crate) fn page(directory: &Path, target: &Target) -> io::Result<String> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A name that is no text could not be asked for.
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Through links; one that leads nowhere has gone meanwhile or never was there.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        let is_file = metadata.is_file();
        if is_servable(&name) && (is_file || metadata.is_dir()) {
            let modified = metadata.modified().ok();
            rows.push(Row { is_file, name, length: metadata.len(), modified });
        }
    }
    rows.sort();
    Ok(render(&rows, target))
}

fn render(rows: &[Row], target: &Target) -> String {
    let title = format!("/{}", html(target.as_str()));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n<table>\n"
    );
    if !target.as_str().is_empty() {
        page.push_str("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
    }
    for row in rows {
        let slash = if row.is_file { "" } else { "/" };
        let length = if row.is_file { size(row.length) } else { String::new() };
        let date = row.modified.map_or([b' '; clock::DATE_LENGTH], clock::format);
        let date = String::from_utf8_lossy(&date);
        let (link, name) = (escape(&row.name), html(&row.name));
        // Writing into a string does not fail.
        let _ = writeln!(
            page,
            "<tr><td><a href=\"./{link}{slash}\">{name}{slash}</a></td>\
             <td>{length}</td><td>{date}</td></tr>"
        );
    }
    page.push_str("</table></body></html>\n");
    page
}

fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_for_the_page_and_for_the_link() {
        let row = Row {
            is_file: true,
            name: "<b> & \"50%\"?.txt".to_owned(),
            length: 2048,
            modified: None,
        };
        let page = render(&[row], &Target::parse("/a%3Cb/").expect("a sound target"));
        assert!(page.contains("href=\"./%3Cb%3E%20%26%20%2250%25%22%3F.txt\""), "{page}");
        assert!(page.contains(">&lt;b&gt; &amp; &quot;50%&quot;?.txt</a>"), "{page}");
        assert!(page.contains("<h1>/a&lt;b/</h1>"), "{page}");
        assert!(page.contains(">2.0 KiB<"), "{page}");
    }

    #[test]
    fn sizes_have_a_fitting_unit() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(u64::MAX), "16777216.0 TiB");
    }
}
