//! The results of a map run, written to S3: the files of succeeded, failed and pending children, then the manifest that names
//! them.
//!
//! # Invariants
//!
//! * Children that have ended do not change, so whoever writes a part again writes the same bytes.
//! * Nobody sees a file before all are written: uploads are ended together, after the document that lists them. An upload that
//!   is gone by then was ended by somebody before.
//! * One cue writes for a limited time; the document says where the next goes on. An upload is in the document before its first
//!   part is followed by another, so that whoever gives up finds it.

use super::InRun;
use super::collect::{Uncollected, child_result, config, destination, exported};
use crate::driver::Driver;
use crate::error::{Halt, TakeError};
use crate::limits::MAP_WRITE_LIMIT;
use crate::objects::{ObjectAnswer, ObjectError, ObjectRequest};
use crate::tasks::Tasks;
use baton_engine::{Failure, MapSignal, Payload};
use baton_items::results::{FilePart, ResultFiles, ResultKind, WriterConfig, manifest, transform};
use baton_store::Backend;
use baton_store::documents::{self, Held, MapExport, MapRunState, MapUpload};

/// S3's code for an upload that it does not have (any more).
const NO_SUCH_UPLOAD: &str = "NoSuchUpload";

/// Why results are not written.
enum Unwritten {
    /// S3 refuses: the map run fails.
    Refused(ObjectError),
    /// Not yet.
    Uncollected(Uncollected),
}

impl<E: Into<Uncollected>> From<E> for Unwritten {
    fn from(error: E) -> Self {
        Unwritten::Uncollected(error.into())
    }
}

impl From<ObjectError> for Unwritten {
    fn from(error: ObjectError) -> Self {
        if error.may_pass {
            return Halt::Later(TakeError::Unready(error.into())).into();
        }
        Unwritten::Refused(error)
    }
}

/// An export under way.
struct Export<'a> {
    bucket: &'a str,
    config: WriterConfig,
    writers: [(ResultKind, ResultFiles); 3],
    /// Where it stands.
    at: MapExport,
    /// The document as it was read or written last.
    held: Option<Held<MapExport>>,
    /// Whether an upload was begun that the document does not have yet.
    is_new: bool,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Writes the results, and answers what the state's result is.
    pub(super) async fn export(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        fields: &Payload,
    ) -> Result<Result<Payload, Failure>, Uncollected> {
        let Some((bucket, prefix)) = destination(fields) else {
            return Ok(Err(unwritten("The ResultWriter has no Bucket.")));
        };
        let mut export = self.open_export(of, state, bucket, prefix).await?;
        match self.write_results(of, state, prefix, &mut export).await {
            Ok(()) => Ok(exported(of, fields)?),
            Err(Unwritten::Uncollected(uncollected)) => Err(uncollected),
            Err(Unwritten::Refused(error)) if error.code == NO_SUCH_UPLOAD => {
                // Somebody has ended or aborted it: everything is written anew.
                self.forget_export(of, &export).await?;
                Err(Halt::Later(TakeError::Unready(error.into())).into())
            }
            Err(Unwritten::Refused(error)) => {
                self.forget_export(of, &export).await?;
                Ok(Err(unwritten(&error.cause)))
            }
        }
    }

    async fn forget_export(&self, of: InRun<'_>, export: &Export<'_>) -> Result<(), Halt> {
        self.abort_uploads(of, export.bucket, &export.at).await;
        if export.held.is_some() {
            let (backend, key) = (&*self.backend, MapExport::KEY);
            documents::swap(backend, of.arn(), key, export.held.as_ref(), None).await?;
        }
        Ok(())
    }

    async fn abort_uploads(&self, of: InRun<'_>, bucket: &str, export: &MapExport) {
        for (key, MapUpload { id, .. }) in export.open.iter().chain(&export.whole) {
            let abort = ObjectRequest::AbortUpload { bucket, key, upload: id };
            if let Err(error) = self.object(of, None, abort).await {
                tracing::warn!(%error, key, "an upload could not be aborted");
            }
        }
    }

    async fn open_export<'a>(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        bucket: &'a str,
        prefix: &str,
    ) -> Result<Export<'a>, Halt> {
        let held = documents::find::<MapExport>(&*self.backend, of.arn(), MapExport::KEY).await?;
        let at = match &held {
            Some(held) if held.value.redrives == state.redrives => held.value.clone(),
            Some(held) => {
                let left = MapExport { open: held.value.open.clone(), ..MapExport::default() };
                self.abort_uploads(of, bucket, &left).await;
                MapExport { redrives: state.redrives, ..MapExport::default() }
            }
            None => MapExport { redrives: state.redrives, ..MapExport::default() },
        };
        let (config, id) = (config(of), of.arn().rsplit(':').next().unwrap_or_default());
        let mut files = at.files.iter();
        let writers = ResultKind::ALL.map(|kind| {
            let writer = ResultFiles::new(kind, config.output_type, prefix, id);
            match files.next().map(|progress| serde_json::from_value(progress.clone())) {
                Some(Ok(progress)) => Ok((kind, writer.resume(progress))),
                Some(Err(error)) => Err(Halt::broken(&error)),
                None => Ok((kind, writer)),
            }
        });
        let [failed, pending, succeeded] = writers;
        let writers = [failed?, pending?, succeeded?];
        Ok(Export { bucket, config, writers, at, held, is_new: false })
    }

    async fn write_results(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        prefix: &str,
        export: &mut Export<'_>,
    ) -> Result<(), Unwritten> {
        let began = self.backend.now();
        while export.at.chunk < state.chunks {
            self.write_chunk(of, export).await?;
            if self.backend.now().duration_since(began) > MAP_WRITE_LIMIT {
                self.keep_export(of, export).await?;
                let more = MapSignal::Collect { chunk: export.at.chunk };
                self.backend.send(vec![of.cue(more)]).await?;
                return Err(Uncollected::Later.into());
            }
        }
        let last: Vec<FilePart> =
            export.writers.iter_mut().filter_map(|(_, files)| files.finish()).collect();
        for part in last {
            self.write_part(of, export, part).await?;
        }
        if !export.at.whole.is_empty() {
            self.keep_export(of, export).await?;
        }
        for (key, MapUpload { id, etags }) in &export.at.whole {
            let (bucket, upload) = (export.bucket, id);
            let end = ObjectRequest::EndUpload { bucket, key, upload, etags };
            match self.object(of, None, end).await {
                Err(error) if error.code != NO_SUCH_UPLOAD => return Err(error.into()),
                Ok(_) | Err(_) => {}
            }
        }
        let (key, text) = manifest(export.bucket, prefix, of.arn(), |kind| {
            let of_kind = export.writers.iter().find(|(of, _)| *of == kind);
            of_kind.map(|(_, files)| files.files().to_vec()).unwrap_or_default()
        });
        let (bucket, bytes) = (export.bucket, text.as_bytes());
        self.object(of, None, ObjectRequest::Put { bucket, key: &key, bytes }).await?;
        Ok(())
    }

    /// Writes the rest of the chunk at hand.
    async fn write_chunk(&self, of: InRun<'_>, export: &mut Export<'_>) -> Result<(), Unwritten> {
        let chunk = export.at.chunk;
        let read = self.chunk(of.arn(), chunk).await?;
        let children = self.children_of(of, chunk).await?;
        let each = read.children.iter().zip(&children).skip(export.at.place as usize);
        for (child, header) in each {
            let result = child_result(of, child.input.get(), header.as_deref());
            let mut parts = Vec::new();
            for (_, files) in export.writers.iter_mut().filter(|(kind, _)| *kind == result.kind) {
                transform(&result, export.config.transformation, |text| {
                    parts.extend(files.push(text));
                });
            }
            for part in parts {
                self.write_part(of, export, part).await?;
            }
            export.at.place = export.at.place.saturating_add(1);
            if export.is_new {
                self.keep_export(of, export).await?;
            }
        }
        (export.at.chunk, export.at.place) = (chunk.saturating_add(1), 0);
        Ok(())
    }

    async fn write_part(
        &self,
        of: InRun<'_>,
        export: &mut Export<'_>,
        part: FilePart,
    ) -> Result<(), Unwritten> {
        let FilePart { key, number, bytes, is_last } = part;
        let (bucket, bytes) = (export.bucket, bytes.as_slice());
        if number == 1 && is_last {
            self.object(of, None, ObjectRequest::Put { bucket, key: &key, bytes }).await?;
            return Ok(());
        }
        if number == 1 {
            let begin = ObjectRequest::BeginUpload { bucket, key: &key };
            let ObjectAnswer::Begun(id) = self.object(of, None, begin).await? else {
                return Err(ObjectError::refused("The upload has no name.").into());
            };
            export.at.open.insert(key.clone(), MapUpload { id, etags: Vec::new() });
            export.is_new = true;
        }
        let Some(mut upload) = export.at.open.remove(&key) else {
            return Err(Halt::Broken(format!("the upload of `{key}` is gone")).into());
        };
        let write =
            ObjectRequest::WritePart { bucket, key: &key, upload: &upload.id, part: number, bytes };
        let written = self.object(of, None, write).await;
        if let Ok(ObjectAnswer::Part(etag)) = &written {
            upload.etags.truncate(number.saturating_sub(1) as usize);
            upload.etags.push(etag.clone());
        }
        // Whatever came of it, whoever gives up must find the upload.
        let uploads = if is_last { &mut export.at.whole } else { &mut export.at.open };
        uploads.insert(key, upload);
        written?;
        Ok(())
    }

    /// Notes where the export stands. Whoever finds that somebody else has gone on leaves it to them.
    async fn keep_export(&self, of: InRun<'_>, export: &mut Export<'_>) -> Result<(), Unwritten> {
        let files = export.writers.iter().map(|(_, files)| serde_json::to_value(files.progress()));
        export.at.files = files.collect::<Result<_, _>>().map_err(|error| Halt::broken(&error))?;
        let (backend, key) = (&*self.backend, MapExport::KEY);
        let (before, at) = (export.held.as_ref(), export.at.clone());
        let Some(held) = documents::replace(backend, of.arn(), key, before, at).await? else {
            let mine = export.at.clone();
            let theirs = documents::find::<MapExport>(backend, of.arn(), key).await?;
            self.abort_uploads(of, export.bucket, &without(mine, theirs.as_ref())).await;
            return Err(Uncollected::Later.into());
        };
        (export.held, export.is_new) = (Some(held), false);
        Ok(())
    }
}

/// The uploads of an export that another does not know.
fn without(mut mine: MapExport, theirs: Option<&Held<MapExport>>) -> MapExport {
    let theirs: Vec<&str> = theirs
        .iter()
        .flat_map(|held| held.value.open.values().chain(held.value.whole.values()))
        .map(|upload| upload.id.as_str())
        .collect();
    mine.open.retain(|_, upload| !theirs.contains(&upload.id.as_str()));
    mine.whole.retain(|_, upload| !theirs.contains(&upload.id.as_str()));
    mine
}

fn unwritten(cause: &str) -> Failure {
    Failure::new("States.ResultWriterFailed", cause)
}
