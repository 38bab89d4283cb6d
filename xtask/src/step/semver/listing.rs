//! The public API of a crate as lines of text, from what rustdoc says of it in JSON.
//!
//! A line for each thing that a user can name: items, fields, variants, functions with their types, traits that
//! types implement. The order is that of the text, so the same API gives the same lines.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::signature;

/// The lines of a crate.
pub(super) fn lines(text: &str) -> anyhow::Result<BTreeSet<String>> {
    let json: Value = serde_json::from_str(text).context("rustdoc's answer is not JSON")?;
    let index = &json["index"];
    ensure!(index.is_object(), "rustdoc's answer has no index");
    let mut list = List { index, lines: BTreeSet::new(), under_way: Vec::new() };
    let root = key(&json["root"]);
    let name = index[&root]["name"].as_str().context("the crate has no name")?;
    list.module(name, &index[&root]["inner"]["module"]);
    Ok(list.lines)
}

/// How the index calls an item: by a number, or by a text that says it.
fn key(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

struct List<'a> {
    index: &'a Value,
    lines: BTreeSet<String>,
    /// Items that are being listed: a module may re-export what it lies in.
    under_way: Vec<String>,
}

impl List<'_> {
    fn add(&mut self, line: String) {
        self.lines.insert(line);
    }

    fn module(&mut self, path: &str, module: &Value) {
        for id in each(&module["items"]) {
            self.item(path, id);
        }
    }

    fn item(&mut self, parent: &str, id: &Value) {
        let id = key(id);
        let item = &self.index[&id];
        if item["visibility"] != "public" || self.under_way.contains(&id) {
            return;
        }
        self.under_way.push(id);
        let inner = &item["inner"];
        if inner["use"].is_object() {
            self.import(parent, &inner["use"]);
        } else if let Some(name) = item["name"].as_str() {
            self.named(&format!("{parent}::{name}"), None, inner);
        }
        self.under_way.pop();
    }

    fn import(&mut self, parent: &str, import: &Value) {
        let target = &self.index[&key(&import["id"])];
        let name = import["name"].as_str().unwrap_or_default();
        match (target.is_object(), import["is_glob"] == true) {
            (true, true) => self.module(parent, &target["inner"]["module"]),
            (true, false) => self.named(&format!("{parent}::{name}"), None, &target["inner"]),
            // Another crate's.
            (false, _) => {
                let source = import["source"].as_str().unwrap_or_default();
                self.add(format!("use {source} as {parent}::{name}"));
            }
        }
    }

    /// Lists an item under a path; `owner` says of functions whose they are.
    fn named(&mut self, path: &str, owner: Option<&str>, inner: &Value) {
        let Some((kind, content)) = inner.as_object().and_then(|object| object.iter().next())
        else {
            return;
        };
        match kind.as_str() {
            "module" => self.module(path, content),
            "function" => {
                let whose = owner.unwrap_or("fn");
                self.add(format!("{whose} {path}{}", signature::function(content)));
            }
            "struct" => {
                self.add(format!("struct {path}{}", signature::parameters(&content["generics"])));
                let fields = &content["kind"]["plain"]["fields"];
                self.members(path, fields, "field");
                self.impls(path, content);
            }
            "enum" => {
                self.add(format!("enum {path}{}", signature::parameters(&content["generics"])));
                for id in each(&content["variants"]) {
                    let variant = &self.index[&key(id)];
                    let name = variant["name"].as_str().unwrap_or_default();
                    self.add(format!("variant {path}::{name}"));
                }
                self.impls(path, content);
            }
            "union" => {
                self.add(format!("union {path}"));
                self.impls(path, content);
            }
            "trait" => {
                self.add(format!("trait {path}{}", signature::parameters(&content["generics"])));
                for id in each(&content["items"]) {
                    let item = &self.index[&key(id)];
                    let name = item["name"].as_str().unwrap_or_default();
                    self.named(
                        &format!("{path}::{name}"),
                        Some("required or provided"),
                        &item["inner"],
                    );
                }
            }
            "constant" | "static" | "type_alias" | "struct_field" => {
                self.add(format!("{kind} {path}: {}", signature::of(&content["type"])));
            }
            other => self.add(format!("{other} {path}")),
        }
    }

    fn members(&mut self, path: &str, ids: &Value, kind: &str) {
        for id in each(ids) {
            let item = &self.index[&key(id)];
            if item["visibility"] == "public" {
                let name = item["name"].as_str().unwrap_or_default();
                let own = signature::of(&item["inner"]["struct_field"]);
                self.add(format!("{kind} {path}::{name}: {own}"));
            }
        }
    }

    fn impls(&mut self, path: &str, content: &Value) {
        for id in each(&content["impls"]) {
            let block = &self.index[&key(id)]["inner"]["impl"];
            if block["blanket_impl"].is_object() {
                continue;
            }
            if block["trait"].is_object() {
                let negative = if block["is_negative"] == true { "!" } else { "" };
                let name = signature::path(&block["trait"]);
                self.add(format!("impl {negative}{name} for {path}"));
                continue;
            }
            for id in each(&block["items"]) {
                let item = &self.index[&key(id)];
                if item["visibility"] == "public" {
                    let name = item["name"].as_str().unwrap_or_default();
                    self.named(&format!("{path}::{name}"), None, &item["inner"]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"root": 0, "index": {
        "0": {"name": "a", "visibility": "public", "inner": {"module": {"items": [1, 2, 5]}}},
        "1": {"name": "S", "visibility": "public", "inner": {"struct": {"kind": {"plain": {"fields": []}},
            "generics": {"params": []}, "impls": [3]}}},
        "2": {"name": "hidden", "visibility": "crate", "inner": {"module": {"items": []}}},
        "3": {"name": null, "visibility": "default", "inner": {"impl": {"trait": null, "items": [4]}}},
        "4": {"name": "get", "visibility": "public", "inner": {"function": {"sig": {
            "inputs": [["self", {"borrowed_ref": {"is_mutable": false, "type": {"generic": "Self"}}}]],
            "output": {"primitive": "u8"}}, "generics": {"params": []}, "header": {}}}},
        "5": {"name": null, "visibility": "public", "inner": {"use": {"source": "b::T", "name": "T", "id": 9,
            "is_glob": false}}}}}"#;

    #[test]
    fn what_a_user_can_name_is_listed_and_nothing_else() {
        let lines: Vec<String> = lines(TEXT).unwrap().into_iter().collect();
        assert_eq!(lines, ["fn a::S::get(&Self) -> u8", "struct a::S", "use b::T as a::T"]);
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        assert!(lines("error").is_err());
        assert!(lines("{}").is_err());
    }
}
