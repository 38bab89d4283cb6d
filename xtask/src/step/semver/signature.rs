//! Types and functions as text, from what rustdoc says of them in JSON.

use serde_json::Value;

/// A function's parameters, and what it returns.
pub(super) fn function(function: &Value) -> String {
    let sig = &function["sig"];
    let inputs: Vec<String> = list(&sig["inputs"]).map(|input| of(&input[1])).collect();
    let output = if sig["output"].is_null() { String::new() } else { of(&sig["output"]) };
    let arrow = if output.is_empty() { "" } else { " -> " };
    let words = ["is_const", "is_async", "is_unsafe"].into_iter();
    let words = words.filter(|word| function["header"][word] == true);
    let words: String = words.map(|word| format!(" {}", word.trim_start_matches("is_"))).collect();
    let parameters = parameters(&function["generics"]);
    format!("{parameters}({}){arrow}{output}{words}", inputs.join(", "))
}

/// Type parameters with their bounds; lifetimes are left out.
pub(super) fn parameters(generics: &Value) -> String {
    let own = list(&generics["params"]).filter_map(|parameter| {
        let name = parameter["name"].as_str()?;
        if !parameter["kind"]["type"].is_object() {
            return parameter["kind"]["const"].is_object().then(|| format!("const {name}"));
        }
        // What the compiler has made of `impl Trait`.
        (parameter["kind"]["type"]["is_synthetic"] != true).then(|| {
            let bounds = bounds(&parameter["kind"]["type"]["bounds"]);
            if bounds.is_empty() { name.to_owned() } else { format!("{name}: {bounds}") }
        })
    });
    let mut parts: Vec<String> = own.collect();
    parts.extend(list(&generics["where_predicates"]).filter_map(|predicate| {
        let bound = &predicate["bound_predicate"];
        bound.is_object().then(|| format!("{}: {}", of(&bound["type"]), bounds(&bound["bounds"])))
    }));
    if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) }
}

fn bounds(bounds: &Value) -> String {
    let texts = list(bounds).filter_map(|bound| {
        let of_trait = &bound["trait_bound"];
        let mark = if of_trait["modifier"] == "maybe" { "?" } else { "" };
        if of_trait.is_object() {
            return Some(format!("{mark}{}", path(&of_trait["trait"])));
        }
        Some(bound["outlives"].as_str()?.to_owned())
    });
    texts.collect::<Vec<_>>().join(" + ")
}

/// A type or trait with its arguments.
pub(super) fn path(path: &Value) -> String {
    let name = path["path"].as_str().or_else(|| path["name"].as_str()).unwrap_or_default();
    format!("{name}{}", arguments(&path["args"]))
}

fn arguments(args: &Value) -> String {
    let of_call = &args["parenthesized"];
    if of_call.is_object() {
        let inputs: Vec<String> = list(&of_call["inputs"]).map(of).collect();
        let output = &of_call["output"];
        let output = if output.is_null() { String::new() } else { format!(" -> {}", of(output)) };
        return format!("({}){output}", inputs.join(", "));
    }
    let angle = &args["angle_bracketed"];
    let given = list(&angle["args"]).filter_map(|argument| {
        let constant = argument["const"]["expr"].as_str().map(str::to_owned);
        (!argument["type"].is_null()).then(|| of(&argument["type"])).or(constant)
    });
    let mut parts: Vec<String> = given.collect();
    parts.extend(list(&angle["constraints"]).map(|constraint| {
        let name = constraint["name"].as_str().unwrap_or_default();
        format!("{name} = {}", of(&constraint["binding"]["equality"]["type"]))
    }));
    if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) }
}

/// A type.
pub(super) fn of(value: &Value) -> String {
    let Some((kind, content)) = value.as_object().and_then(|object| object.iter().next()) else {
        return value.as_str().unwrap_or("_").to_owned();
    };
    let many = |list_of: &Value| list(list_of).map(of).collect::<Vec<_>>().join(", ");
    match kind.as_str() {
        "resolved_path" => path(content),
        "generic" | "primitive" => content.as_str().unwrap_or_default().to_owned(),
        "tuple" => format!("({})", many(content)),
        "slice" => format!("[{}]", of(content)),
        "array" => {
            format!("[{}; {}]", of(&content["type"]), content["len"].as_str().unwrap_or("_"))
        }
        "borrowed_ref" => {
            let mutable = if content["is_mutable"] == true { "mut " } else { "" };
            format!("&{mutable}{}", of(&content["type"]))
        }
        "raw_pointer" => {
            let mutable = if content["is_mutable"] == true { "mut" } else { "const" };
            format!("*{mutable} {}", of(&content["type"]))
        }
        "impl_trait" => format!("impl {}", bounds(content)),
        "dyn_trait" => {
            let traits = list(&content["traits"]).map(|one| path(&one["trait"]));
            format!("dyn {}", traits.collect::<Vec<_>>().join(" + "))
        }
        "qualified_path" => {
            let name = content["name"].as_str().unwrap_or_default();
            format!("<{} as {}>::{name}", of(&content["self_type"]), path(&content["trait"]))
        }
        "function_pointer" => {
            let inputs = list(&content["sig"]["inputs"]).map(|input| of(&input[1]));
            let inputs = inputs.collect::<Vec<_>>().join(", ");
            format!("fn({inputs}) -> {}", of(&content["sig"]["output"]))
        }
        other => other.to_owned(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(text: &str) -> String {
        of(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn types_read_as_they_are_written() {
        let path = r#"{"resolved_path": {"path": "Result", "args": {"angle_bracketed": {"args": [
            {"type": {"tuple": []}}, {"type": {"generic": "E"}}], "constraints": []}}}}"#;
        assert_eq!(type_of(path), "Result<(), E>");
        let reference =
            r#"{"borrowed_ref": {"is_mutable": true, "type": {"slice": {"primitive": "u8"}}}}"#;
        assert_eq!(type_of(reference), "&mut [u8]");
        let closure = r#"{"impl_trait": [{"trait_bound": {"trait": {"path": "FnOnce", "args":
            {"parenthesized": {"inputs": [{"primitive": "u8"}], "output": {"generic": "T"}}}},
            "modifier": "none"}}]}"#;
        assert_eq!(type_of(closure), "impl FnOnce(u8) -> T");
    }

    #[test]
    fn bounds_of_parameters_are_part_of_a_function() {
        let text = r#"{"sig": {"inputs": [["value", {"generic": "T"}]], "output": null},
            "generics": {"params": [{"name": "'a", "kind": {"lifetime": {}}},
                {"name": "T", "kind": {"type": {"bounds": [{"trait_bound": {"trait": {"path": "Send"},
                "modifier": "none"}}]}}}]}, "header": {"is_async": true}}"#;
        assert_eq!(function(&serde_json::from_str(text).unwrap()), "<T: Send>(T) async");
    }
}
