//! The rules of the formats, one line each: what a sender may do, and what must come of it.

use crate::helper::Bench;

/// A rule, a line, the fields that must come of it (`-` for none), and the defects.
type Rule = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

fn check(rules: &[Rule]) {
    let mut wrong = Vec::new();
    let mut bench = Bench::new();
    for (rule, line, want, defects) in rules {
        let mut got = bench.fields(line.as_bytes());
        for (name, want) in *want {
            let found = got.get(*name).map_or("-", String::as_str);
            if found != *want {
                wrong.push(format!("{rule}: {name} is {found:?}, not {want:?}, in\n  {line}"));
            }
        }
        let found = got.remove("sperwer.parse.defects").unwrap_or_default();
        if found != *defects {
            wrong.push(format!("{rule}: defects {found:?}, not {defects:?}, in\n  {line}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn json() {
    check(&[
        (
            "keys twice: all values stay, the first counts",
            r#"{"a":1,"user":"an","a":2,"user":"bo"}"#,
            &[("a", "1,2"), ("user", "an,bo"), ("user.name", "an")],
            "",
        ),
        (
            "a whole number too big stays exact",
            r#"{"n":123456789012345678901234567890}"#,
            &[("n", "123456789012345678901234567890")],
            "",
        ),
        (
            "the biggest that fits is a number",
            r#"{"n":9223372036854775807,"m":-9223372036854775808}"#,
            &[("n", "9223372036854775807"), ("m", "-9223372036854775808")],
            "",
        ),
        (
            "a fraction too exact for a double stays text",
            r#"{"n":0.1234567890123456789012}"#,
            &[("n", "0.1234567890123456789012")],
            "",
        ),
        (
            "an exponent too big stays text",
            r#"{"n":1e999,"m":-1E+400}"#,
            &[("n", "1e999"), ("m", "-1E+400")],
            "",
        ),
        (
            "a whole number in a field that has smaller ones",
            r#"{"src_port":99999999999999999999}"#,
            &[("source.port", "99999999999999999999")],
            "wrong_type",
        ),
        (
            "what is no number",
            r#"{"a":NaN,"b":-Infinity,"c":1}"#,
            &[("a", "NaN"), ("b", "-Infinity"), ("c", "1")],
            "",
        ),
        (
            "escapes",
            r#"{"a":"\"\\\/\b\f\n\r\t\u0041","b":1}"#,
            &[("a", "\"\\/\u{8}\u{c}\n\r\tA"), ("b", "1")],
            "",
        ),
        ("characters in two halves", r#"{"a":"\ud83d\ude00"}"#, &[("a", "😀")], ""),
        (
            "half a character stands for none",
            r#"{"a":"x\ud83dy","b":"\udc00"}"#,
            &[("a", "x\u{fffd}y"), ("b", "\u{fffd}")],
            "",
        ),
        ("a bad escape is itself", r#"{"a":"C:\dir\u12"}"#, &[("a", r"C:\dir\u12")], ""),
        ("a NUL is text", r#"{"a":"x\u0000y"}"#, &[("a", "x\0y")], ""),
        ("raw control characters are text", "{\"a\":\"x\ty\"}", &[("a", "x\ty")], ""),
        (
            "null is there and empty, an empty list or object is nothing",
            r#"{"a":null,"b":[],"c":{},"d":""}"#,
            &[("a", "null"), ("b", "-"), ("c", "-"), ("d", "")],
            "",
        ),
        ("names with dots are nested names", r#"{"a.b":1,"a":{"b":2}}"#, &[("a.b", "1,2")], ""),
        (
            "lists of objects are lists of values",
            r#"{"a":[{"b":1},{"b":2,"c":3}]}"#,
            &[("a.b", "1,2"), ("a.c", "3")],
            "",
        ),
        ("white space anywhere", "\t{ \"a\" :\r 1 , \"b\" : [ 2 , 3 ] }  ", &[("a", "1"), ("b", "2,3")], ""),
        (
            "what is good before a fault is kept",
            r#"{"a":1,"b":tru}"#,
            &[("a", "1"), ("b", "-"), ("sperwer.parse.status", "partial")],
            "malformed",
        ),
        ("a line that was cut", r#"{"a":1,"b":"half"#, &[("a", "1"), ("b", "-")], "malformed"),
        ("text behind the object", r#"{"a":1} and more"#, &[("a", "1")], "malformed"),
        ("two objects: the first counts", r#"{"a":1}{"a":2}"#, &[("a", "1")], "malformed"),
        (
            "an object behind text",
            r#"order done {"user":"an","n":1} thanks"#,
            &[("user.name", "an"), ("n", "1"), ("message", r#"order done {"user":"an","n":1} thanks"#)],
            "",
        ),
        (
            "a brace in prose is no JSON",
            r#"expected one of {"a", "b"} here"#,
            &[("sperwer.source_type", "raw")],
            "",
        ),
        (
            "a byte-order mark behind the envelope",
            "<13>Nov 22 10:00:00 h app: \u{feff}{\"user\":\"an\"}",
            &[("user.name", "an"), ("host.name", "h")],
            "",
        ),
        (
            "cee, with blanks or none",
            "<13>Nov 22 10:00:00 h app: @cee:   {\"user\":\"an\"}",
            &[("user.name", "an")],
            "",
        ),
    ]);
}

#[test]
fn json_has_limits() {
    let deep = format!(r#"{{"a":{}1{},"user":"an"}}"#, "[".repeat(40), "]".repeat(40));
    let got = Bench::new().fields(deep.as_bytes());
    assert_eq!((&*got["sperwer.parse.defects"], &*got["user.name"]), ("too_deep", "an"));
    assert!(got["a"].starts_with("[[") && got["a"].ends_with("]]"), "{}", got["a"]);
    let wide = format!(r#"{{{}"z":1}}"#, (0..2000).map(|n| format!(r#""k{n}":{n},"#)).collect::<String>());
    let got = Bench::new().fields(wide.as_bytes());
    assert_eq!(got["sperwer.parse.defects"], "too_many_fields");
    assert_eq!((got["k1000"].as_str(), got.get("k1100")), ("1000", None));
}

#[test]
fn cef() {
    check(&[
        (
            "blanks in values",
            "CEF:0|V|P|1|7|two words|3|msg=all is well src=10.0.0.1 cs1Label=Rule Name cs1=allow all  out=",
            &[
                ("message", "all is well"),
                ("source.ip", "10.0.0.1"),
                ("cef.cs1Label", "Rule Name"),
                ("cef.cs1", "allow all"),
                ("cef.out", ""),
            ],
            "",
        ),
        (
            "escapes in the header",
            r"CEF:0|V\|W|P\\Q|1|7|a\|b|3|src=10.0.0.1",
            &[
                ("observer.vendor", "V|W"),
                ("observer.product", r"P\Q"),
                ("cef.name", "a|b"),
                ("source.ip", "10.0.0.1"),
            ],
            "",
        ),
        (
            "a pipe needs no escape in the extension",
            "CEF:0|V|P|1|7|n|3|msg=a|b|c src=10.0.0.1",
            &[("message", "a|b|c"), ("source.ip", "10.0.0.1")],
            "",
        ),
        (
            "escapes in the extension",
            r"CEF:0|V|P|1|7|n|3|msg=a\=b \\ c\nd request=/?x\=1&y\=2",
            &[("message", "a=b \\ c\nd"), ("url.original", "/?x=1&y=2")],
            "",
        ),
        (
            "an equals sign that nobody escaped",
            "CEF:0|V|P|1|7|n|3|request=http://x.example/?a=1&b=2 msg=status=ok src=10.0.0.1",
            &[
                ("url.original", "http://x.example/?a=1&b=2"),
                ("message", "status=ok"),
                ("source.ip", "10.0.0.1"),
            ],
            "",
        ),
        (
            "paths that nobody escaped",
            r"CEF:0|V|P|1|7|n|3|filePath=C:\temp\new\report.txt fname=\\srv\share\raw.txt src=10.0.0.1",
            &[
                ("cef.filePath", r"C:\temp\new\report.txt"),
                ("cef.fname", r"\\srv\share\raw.txt"),
                ("source.ip", "10.0.0.1"),
            ],
            "",
        ),
        (
            "paths that are escaped",
            r"CEF:0|V|P|1|7|n|3|filePath=C:\\temp\\new\\report.txt fname=\\\\srv\\share",
            &[("cef.filePath", r"C:\temp\new\report.txt"), ("cef.fname", r"\\srv\share")],
            "",
        ),
        (
            "keys twice: all values stay, the first counts",
            "CEF:0|V|P|1|7|n|3|src=10.0.0.1 src=10.0.0.2",
            &[("cef.src", "10.0.0.1,10.0.0.2"), ("source.ip", "10.0.0.1")],
            "",
        ),
        (
            "a header that ends too soon",
            "CEF:0|Vendor|Product|1|7",
            &[("observer.vendor", "Vendor"), ("event.code", "7"), ("sperwer.parse.status", "partial")],
            "malformed",
        ),
        (
            "no extension",
            "CEF:0|Vendor|Product|1|7|n|3|",
            &[("observer.vendor", "Vendor"), ("cef.severity", "3")],
            "",
        ),
        ("prose that names it", "CEF: the format", &[("sperwer.source_type", "raw")], ""),
        (
            "an address that is none",
            "CEF:0|V|P|1|7|n|3|src=unknown dst=10.0.0.2",
            &[("source.address", "unknown"), ("destination.ip", "10.0.0.2"), ("source.ip", "-")],
            "",
        ),
    ]);
}

#[test]
fn leef() {
    check(&[
        (
            "tabs",
            "LEEF:1.0|V|P|1|7|src=10.0.0.1\tmsg=two words\tusrName=an",
            &[("source.ip", "10.0.0.1"), ("message", "two words"), ("user.name", "an")],
            "",
        ),
        (
            "a delimiter of its own",
            "LEEF:2.0|V|P|1|7|^|src=10.0.0.1^msg=a b^usrName=an",
            &[("source.ip", "10.0.0.1"), ("message", "a b"), ("user.name", "an")],
            "",
        ),
        (
            "a delimiter by its number",
            "LEEF:2.0|V|P|1|7|x5E|src=10.0.0.1^usrName=an",
            &[("source.ip", "10.0.0.1"), ("user.name", "an")],
            "",
        ),
        (
            "a delimiter by its number, with 0x",
            "LEEF:2.0|V|P|1|7|0x7c|src=10.0.0.1|usrName=an",
            &[("source.ip", "10.0.0.1"), ("user.name", "an")],
            "",
        ),
        (
            "version 2 without a delimiter",
            "LEEF:2.0|V|P|1|7|src=10.0.0.1\tusrName=an",
            &[("source.ip", "10.0.0.1"), ("user.name", "an")],
            "",
        ),
        (
            "pipes in version 1",
            "LEEF:1.0|V|P|1|7|src=10.0.0.1|usrName=an|msg=",
            &[("source.ip", "10.0.0.1"), ("user.name", "an"), ("leef.msg", "")],
            "",
        ),
        (
            "blanks in version 1",
            "LEEF:1.0|V|P|1|7|src=10.0.0.1 msg=two words usrName=an",
            &[("source.ip", "10.0.0.1"), ("message", "two words"), ("user.name", "an")],
            "",
        ),
        (
            "equals signs in values",
            "LEEF:1.0|V|P|1|7|url=/?a=1&b=2\tsrc=10.0.0.1",
            &[("url.original", "/?a=1&b=2"), ("source.ip", "10.0.0.1")],
            "",
        ),
        ("no attributes", "LEEF:1.0|V|P|1|7|", &[("observer.vendor", "V"), ("event.code", "7")], ""),
    ]);
}

#[test]
fn pairs() {
    check(&[
        (
            "quotes",
            r#"a=1 user="jan de wit" b='x y' c="""#,
            &[("kv.a", "1"), ("user.name", "jan de wit"), ("kv.b", "x y")],
            "",
        ),
        (
            "escaped quotes",
            r#"a=1 msg="he said \"no\" to me" b=2"#,
            &[("message", r#"he said "no" to me"#), ("kv.b", "2")],
            "",
        ),
        (
            "quotes that nobody escaped",
            r#"a=1 msg="he said "no" to me" b=2"#,
            &[("message", r#"he said "no" to me"#), ("kv.b", "2")],
            "",
        ),
        (
            "a quoted word at the end that nobody escaped",
            r#"a=1 msg="he said "no"""#,
            &[("message", r#"he said "no""#)],
            "",
        ),
        (
            "pairs without anything between",
            r#"a="1"b="2" c=3"#,
            &[("kv.a", "1"), ("kv.b", "2"), ("kv.c", "3")],
            "",
        ),
        (
            "a word between pairs",
            r#"a="x y" word b="z" c=3"#,
            &[("kv.a", "x y"), ("kv.b", "z"), ("kv.c", "3")],
            "",
        ),
        (
            "a path that ends in a backslash",
            r#"dir="C:\temp\new\" user="an" b=2"#,
            &[("kv.dir", r"C:\temp\new\"), ("user.name", "an"), ("kv.b", "2")],
            "",
        ),
        (
            "a path with escaped backslashes",
            r#"dir="C:\\temp\\new\\" user="an""#,
            &[("kv.dir", r"C:\temp\new\"), ("user.name", "an")],
            "",
        ),
        (
            "a quote that never closes",
            r#"a=1 b="open c=2"#,
            &[("kv.a", "1"), ("kv.b", "\"open"), ("kv.c", "2")],
            "",
        ),
        ("nothing behind the sign", "a= b=2 c=", &[("kv.a", ""), ("kv.b", "2"), ("kv.c", "")], ""),
        (
            "commas and semicolons between pairs and in values",
            "a=1, b=x,y; c=3;d=4",
            &[("kv.a", "1"), ("kv.b", "x,y"), ("kv.c", "3"), ("kv.d", "4")],
            "",
        ),
        (
            "equals signs in values",
            "a=1 url=/?x=1&y=2 b==",
            &[("kv.a", "1"), ("url.original", "/?x=1&y=2"), ("kv.b", "=")],
            "",
        ),
        (
            "keys twice: all values stay, the first counts",
            "src=10.0.0.1 src=10.0.0.2 a=1",
            &[("kv.src", "10.0.0.1,10.0.0.2"), ("source.ip", "10.0.0.1")],
            "",
        ),
        ("prose with an equals sign", "the answer is x=1 they say", &[("sperwer.source_type", "raw")], ""),
    ]);
}

#[test]
fn xml() {
    check(&[
        (
            "entities and CDATA",
            "<r><user>an &amp; bo</user><t><![CDATA[a < b]]></t></r>",
            &[("xml.r.user", "an & bo"), ("xml.r.t", "a < b")],
            "",
        ),
        (
            "no entity of its own is expanded",
            r#"<!DOCTYPE r [<!ENTITY x "boom">]><r><a>&x;&x;</a></r>"#,
            &[("xml.r.a", "&x;&x;")],
            "",
        ),
        (
            "a line that was cut",
            "<r><a>1</a><b>2",
            &[("xml.r.a", "1"), ("sperwer.parse.status", "partial")],
            "malformed",
        ),
        ("text behind it", "<r><a>1</a></r> more", &[("xml.r.a", "1")], "malformed"),
        ("a tag in prose", "<b> is bold", &[("sperwer.source_type", "raw")], ""),
        (
            "a declaration and a byte-order mark behind the envelope",
            "<13>Nov 22 10:00:00 h app: \u{feff}<?xml version='1.0'?><r><a>1</a></r>",
            &[("xml.r.a", "1"), ("host.name", "h")],
            "",
        ),
    ]);
}

#[test]
fn gelf() {
    check(&[
        (
            "seconds with a fraction",
            r#"{"version":"1.1","host":"h","short_message":"m","timestamp":1795348800.125}"#,
            &[("@timestamp", "2026-11-22T12:00:00.125Z"), ("host.name", "h"), ("message", "m")],
            "",
        ),
        (
            "fields of its own",
            r#"{"version":"1.1","host":"h","short_message":"m","_user":"an","_n":7,"_id":"x"}"#,
            &[("user.name", "an"), ("gelf.n", "7"), ("gelf.id", "x")],
            "",
        ),
    ]);
}
