//! JSON lines, for programs: one object for each figure of each experiment.
//!
//! The names of its fields are read by scripts: they are never changed, only added to.

use serde_json::{Map, Value, json};

use crate::outcome::{Outcome, Row};

/// Prints `outcome` of the experiment `id`.
pub(crate) fn print(id: &str, outcome: &Outcome) {
    for row in &outcome.rows {
        println!("{}", object(id, &outcome.case, row));
    }
}

fn object(id: &str, case: &str, row: &Row) -> Value {
    let baselines: Map<String, Value> = row
        .baselines()
        .map(|(name, sample)| (name.clone(), json!(sample.median)))
        .collect();
    json!({
        "id": id,
        "case": case,
        "figure": row.figure,
        "unit": row.unit,
        "ours": row.ours().map(|sample| sample.median),
        "baselines": baselines,
        "target": row.target.map(|target| target.words),
        "met": row.verdict().map(|verdict| verdict.met),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        stats::Sample,
        target::{Bound, Target},
    };

    #[test]
    fn an_object_has_the_fields_that_scripts_read() {
        let sample = |name: &str, median| {
            (
                name.to_owned(),
                Sample {
                    median,
                    spread: 0.5,
                },
            )
        };
        let mut row = Row {
            figure: "calls".to_owned(),
            unit: "calls/s",
            samples: vec![
                sample("ours", 150.0),
                sample("tonic", 100.0),
                sample("ours@main", 149.0),
            ],
            target: Some(Target {
                words: "at least 1.4 x tonic's",
                than: "tonic",
                bound: Bound::AtLeast(1.4),
            }),
        };
        let expected = json!({
            "id": "W1", "case": "c", "figure": "calls", "unit": "calls/s", "ours": 150.0,
            "baselines": {"tonic": 100.0, "ours@main": 149.0},
            "target": "at least 1.4 x tonic's", "met": true,
        });
        assert_eq!(object("W1", "c", &row), expected);

        row.target = None;
        let without = object("W1", "c", &row);
        assert_eq!(
            (&without["target"], &without["met"]),
            (&Value::Null, &Value::Null)
        );
    }
}
