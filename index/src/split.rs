//! A split: the events of one client received on one day.

use crate::IndexError;
use crate::error::io_error;
use crate::manifest::{DURABLE, LIVE, Manifest, SegmentInfo};
use crate::segment;
use event::{ClientId, EventId, Timestamp};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where damaged splits go, below the index directory.
const ASIDE: &str = "damaged";

/// Which split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SplitKey {
    pub(crate) client: ClientId,
    /// Day of receipt, days since 1970-01-01 (UTC).
    pub(crate) day: i32,
}

impl SplitKey {
    pub(crate) fn path(self, root: &Path) -> PathBuf {
        root.join(self.client.to_string()).join(self.day_text())
    }

    pub(crate) fn day_text(self) -> String {
        let civil = Timestamp::from_secs(i64::from(self.day) * 86_400).civil();
        format!("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day)
    }

    fn of(client: &str, day: &str) -> Option<SplitKey> {
        let client = ClientId(client.parse().ok()?);
        let (start, _) = crate::token::parse_time(day).filter(|_| day.len() == 10)?;
        Some(SplitKey { client, day: start.day() })
    }
}

/// What a split consists of at one moment. Immutable: a change makes a new one.
#[derive(Clone, Debug, Default)]
pub(crate) struct SplitView {
    /// Events below it that belong to this split are in durable segments.
    pub(crate) durable_position: u64,
    pub(crate) segments: Vec<ViewSegment>,
}

/// A segment of a [`SplitView`].
#[derive(Clone, Debug)]
pub(crate) struct ViewSegment {
    pub(crate) info: SegmentInfo,
    /// Whether its files are on disk for good.
    pub(crate) durable: bool,
}

impl SplitView {
    pub(crate) fn of_manifest(manifest: Manifest, durable: bool) -> SplitView {
        let segments = manifest.segments.into_iter().map(|info| ViewSegment { info, durable }).collect();
        SplitView { durable_position: manifest.position, segments }
    }

    pub(crate) fn live_manifest(&self) -> Manifest {
        let segments = self.segments.iter().map(|segment| segment.info.clone()).collect();
        Manifest::new(EventId(self.durable_position), segments)
    }

    /// The same with some segments replaced by one.
    pub(crate) fn replacing(&self, replaced: &[String], by: Option<SegmentInfo>) -> SplitView {
        let mut segments = self.segments.clone();
        let at = segments.iter().position(|segment| replaced.contains(&segment.info.id));
        segments.retain(|segment| !replaced.contains(&segment.info.id));
        if let Some(info) = by {
            segments.insert(at.unwrap_or(segments.len()), ViewSegment { info, durable: true });
        }
        SplitView { durable_position: self.durable_position, segments }
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.segments.iter().any(|segment| segment.info.id == id)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.info.bytes).sum()
    }

    pub(crate) fn events(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.info.events)).sum()
    }
}

/// The splits below `root`, unopened.
pub(crate) fn list(root: &Path) -> Result<Vec<(SplitKey, PathBuf)>, IndexError> {
    let mut splits = Vec::new();
    for (client, client_path) in subdirectories(root)? {
        if client.parse::<u32>().is_err() {
            continue;
        }
        for (day, path) in subdirectories(&client_path)? {
            if let Some(key) = SplitKey::of(&client, &day) {
                splits.push((key, path));
            }
        }
    }
    Ok(splits)
}

fn subdirectories(path: &Path) -> Result<Vec<(String, PathBuf)>, IndexError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(io_error("read", path))? {
        let entry = entry.map_err(io_error("read", path))?;
        let is_dir = entry.file_type().map_err(io_error("read", path))?.is_dir();
        if let (true, Ok(name)) = (is_dir, entry.file_name().into_string()) {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

/// What of a split is on disk for good; everything else in its directory is deleted, for the journal has it.
pub(crate) fn recover(path: &Path) -> Result<SplitView, IndexError> {
    let manifest =
        Manifest::read(&path.join(DURABLE))?.unwrap_or_else(|| Manifest::new(EventId(0), Vec::new()));
    for info in &manifest.segments {
        let bytes = segment::bytes_on_disk(path, &info.id)?;
        if bytes != info.bytes {
            let what = format!("segment {} has {bytes} bytes instead of {}", info.id, info.bytes);
            return Err(IndexError::Damaged { path: path.to_owned(), what });
        }
    }
    let kept: Vec<String> = manifest.segments.iter().map(|info| info.id.clone()).collect();
    for entry in fs::read_dir(path).map_err(io_error("read", path))? {
        let entry = entry.map_err(io_error("read", path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name.split('.').next().unwrap_or_default();
        if name != DURABLE && !kept.iter().any(|id| id == stem) {
            fs::remove_file(entry.path()).map_err(io_error("delete", &entry.path()))?;
        }
    }
    Ok(SplitView::of_manifest(manifest, true))
}

/// What of a split another process can search now.
pub(crate) fn view_of_others(path: &Path) -> Result<SplitView, IndexError> {
    let live = Manifest::read(&path.join(LIVE)).ok().flatten();
    let manifest = match live {
        Some(manifest) => Some(manifest),
        None => Manifest::read(&path.join(DURABLE))?,
    };
    Ok(manifest.map_or_else(SplitView::default, |manifest| SplitView::of_manifest(manifest, true)))
}

/// Moves a damaged split out of the way, so that the others and new events go on.
pub(crate) fn set_aside(root: &Path, key: SplitKey, path: &Path) -> Result<PathBuf, IndexError> {
    let aside = root.join(ASIDE);
    fs::create_dir_all(&aside).map_err(io_error("create", &aside))?;
    let day = path.file_name().unwrap_or_default().to_string_lossy();
    let target = (0..)
        .map(|number: u32| aside.join(format!("{}-{day}-{number}", key.client)))
        .find(|target| !target.exists())
        .expect("a directory does not hold 2^32 entries");
    fs::rename(path, &target).map_err(io_error("move", path))?;
    Ok(target)
}

/// Splits that were set aside.
pub(crate) fn list_aside(root: &Path) -> Result<Vec<(SplitKey, PathBuf)>, IndexError> {
    let aside = root.join(ASIDE);
    if !aside.exists() {
        return Ok(Vec::new());
    }
    let key = |name: &str| {
        let (client, rest) = name.split_once('-')?;
        SplitKey::of(client, rest.get(..10)?)
    };
    Ok(subdirectories(&aside)?.into_iter().filter_map(|(name, path)| Some((key(&name)?, path))).collect())
}

/// Deletes a split. The manifests go first: what is left of it after a crash is then not taken for damage.
pub(crate) fn delete(path: &Path) -> Result<(), IndexError> {
    for manifest in [DURABLE, LIVE] {
        match fs::remove_file(path.join(manifest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("delete", path)(error));
            }
            _ => {}
        }
    }
    sync_directory(path)?;
    fs::remove_dir_all(path).map_err(io_error("delete", path))?;
    path.parent().map_or(Ok(()), sync_directory)
}

fn sync_directory(path: &Path) -> Result<(), IndexError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(io_error("flush", path))
}

/// All splits by key.
pub(crate) type Splits = BTreeMap<SplitKey, std::sync::Arc<SplitView>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_paths_go_there_and_back() {
        let key = SplitKey { client: ClientId(7), day: Timestamp::from_secs(1_795_383_263).day() };
        let path = key.path(Path::new("/x"));
        assert_eq!(path, Path::new("/x/7/2026-11-22"));
        assert_eq!(SplitKey::of("7", "2026-11-22"), Some(key));
        assert_eq!(SplitKey::of("damaged", "2026-11-22"), None);
        assert_eq!(SplitKey::of("7", "2026-11"), None);
    }
}
