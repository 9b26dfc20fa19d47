//! Several segments into one, and which ones.

use crate::IndexError;
use crate::directory::SplitDirectory;
use crate::error::{engine_error, unless_it_panics};
use crate::manifest::SegmentInfo;
use crate::segment::{self, Engine};
use crate::split::SplitView;
use crate::{IndexSettings, schema};
use std::path::Path;
use tantivy::indexer::merge_filtered_segments;

/// Segments below this many events count as equally small.
const SMALLEST_TIER_EVENTS: u32 = 4_096;

/// Writes `segments` as one, on disk for good, and leaves them as they are. What a failure leaves half done is deleted.
pub(crate) fn merge(split: &Path, segments: &[SegmentInfo]) -> Result<SegmentInfo, IndexError> {
    let output = SplitDirectory::open(split, true).map_err(engine_error(split))?;
    let merged = unless_it_panics(split, || merge_into(output.clone(), split, segments));
    if merged.is_err() {
        output.delete_begun();
    }
    merged
}

fn merge_into(
    output: SplitDirectory,
    split: &Path,
    segments: &[SegmentInfo],
) -> Result<SegmentInfo, IndexError> {
    let engine = Engine::open(split, false)?;
    let inputs = segments.iter().map(|info| engine.segment(info)).collect::<Result<Vec<_>, _>>()?;
    let merged =
        merge_filtered_segments(&inputs, schema::engine_settings(), vec![None; inputs.len()], output)
            .map_err(engine_error(split))?;
    let metas = merged.searchable_segment_metas().map_err(engine_error(split))?;
    let (Some(meta), [first, rest @ ..]) = (metas.first(), segments) else {
        let what = "merging gave no segment".to_owned();
        return Err(IndexError::Damaged { path: split.to_owned(), what });
    };
    let mut info = SegmentInfo { id: meta.id().uuid_string(), events: meta.max_doc(), ..first.clone() };
    for other in rest {
        info.ids = (info.ids.0.min(other.ids.0), info.ids.1.max(other.ids.1));
        info.times = (info.times.0.min(other.times.0), info.times.1.max(other.times.1));
    }
    let expected: u64 = segments.iter().map(|segment| u64::from(segment.events)).sum();
    if u64::from(info.events) != expected {
        let what = format!("merging {expected} events gave {}", info.events);
        return Err(IndexError::Damaged { path: split.to_owned(), what });
    }
    info.bytes = segment::bytes_on_disk(split, &info.id)?;
    Ok(info)
}

/// Durable segments of similar size that are worth merging, if there are enough. The small ones first: they are the
/// quickest to do and gain most.
pub(crate) fn candidates(view: &SplitView, settings: &IndexSettings) -> Option<Vec<SegmentInfo>> {
    let factor = settings.merge_factor.max(2);
    let mut tiers: Vec<(u32, Vec<SegmentInfo>)> = Vec::new();
    for segment in &view.segments {
        let events = segment.info.events;
        if !segment.durable || events >= settings.segment_events_max {
            continue;
        }
        let tier = (events / SMALLEST_TIER_EVENTS).max(1).ilog(factor as u32);
        match tiers.iter_mut().find(|(number, _)| *number == tier) {
            Some((_, members)) => members.push(segment.info.clone()),
            None => tiers.push((tier, vec![segment.info.clone()])),
        }
    }
    let full = tiers.into_iter().filter(|(_, members)| members.len() >= factor);
    full.min_by_key(|(tier, _)| *tier).map(|(_, members)| members.into_iter().take(2 * factor).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::ViewSegment;

    fn view(events: &[u32]) -> SplitView {
        let info =
            |events: u32| SegmentInfo { id: String::new(), events, bytes: 0, ids: (0, 0), times: (0, 0) };
        let segments =
            events.iter().map(|events| ViewSegment { info: info(*events), durable: true }).collect();
        SplitView { durable_position: 0, segments }
    }

    #[test]
    fn only_many_of_a_size_are_merged() {
        let settings = IndexSettings { merge_factor: 3, ..IndexSettings::default() };
        let sizes = |events: &[u32]| {
            candidates(&view(events), &settings)
                .map(|found| found.iter().map(|info| info.events).collect::<Vec<_>>())
        };
        assert_eq!(sizes(&[5, 7]), None);
        assert_eq!(sizes(&[100_000, 5, 1, 90_000, 3, 110_000]), Some(vec![5, 1, 3]));
        assert_eq!(sizes(&[100_000, 5, 90_000, 110_000]), Some(vec![100_000, 90_000, 110_000]));
        assert_eq!(sizes(&[4_000_000, 4_000_000, 4_000_000]), None);
    }
}
