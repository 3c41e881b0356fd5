//! Pieces of a large object, asked for ahead of their turn: several ranges come over the line at the same time, and are read
//! in their order.

use super::InRun;
use crate::driver::Driver;
use crate::limits::{MAP_OBJECT_PIECE_BYTES, MAP_PIECES_AHEAD};
use crate::objects::{ObjectAnswer, ObjectError, ObjectRequest};
use crate::tasks::Tasks;
use baton_items::{Need, ObjectName};
use baton_store::Backend;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;

type Piece = Result<ObjectAnswer, ObjectError>;

/// The pieces of one object that have been asked for and not been read.
#[derive(Default)]
pub(super) struct Ahead<'a> {
    pieces: FuturesOrdered<BoxFuture<'a, Piece>>,
    object: Option<(ObjectName, String)>,
    /// Where the first of them begins, and where the next one will.
    from: u64,
    to: u64,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// The piece that is needed, from those under way if it is the first of them. Once an object is known to be longer, pieces
    /// behind it are asked for too.
    pub(super) async fn piece<'a>(
        &'a self,
        of: InRun<'a>,
        ahead: &mut Ahead<'a>,
        owner: Option<&'a str>,
        need: &Need,
    ) -> Piece {
        let Need::Bytes { object, version, from, etag } = need else {
            return Err(ObjectError::refused("Only bytes come in pieces."));
        };
        let is_of_it = |(name, tag): &(ObjectName, String)| {
            name == object && etag.as_ref().is_some_and(|etag| etag == tag)
        };
        if ahead.from != *from || !ahead.object.as_ref().is_some_and(is_of_it) {
            *ahead = Ahead { from: *from, to: *from, ..Ahead::default() };
        }
        let ask = |from: u64, etag: Option<String>| -> BoxFuture<'a, Piece> {
            let (object, version) = (object.clone(), version.clone());
            Box::pin(async move {
                let request = ObjectRequest::Read {
                    bucket: &object.bucket,
                    key: &object.key,
                    version: version.as_deref(),
                    etag: etag.as_deref(),
                    from,
                    bytes_max: MAP_OBJECT_PIECE_BYTES,
                };
                self.object(of, owner, request).await
            })
        };
        let piece = u64::from(MAP_OBJECT_PIECE_BYTES);
        let answer = match ahead.pieces.next().await {
            Some(answer) => answer?,
            None => {
                ahead.to = from.saturating_add(piece);
                ask(*from, etag.clone()).await?
            }
        };
        if let ObjectAnswer::Bytes { bytes, size, etag } = &answer {
            ahead.from = from.saturating_add(bytes.len() as u64);
            if bytes.len() as u64 != piece {
                // The last one, or a short one, behind which the others do not fit.
                *ahead = Ahead::default();
                return Ok(answer);
            }
            ahead.object = Some((object.clone(), etag.clone()));
            while ahead.pieces.len() < MAP_PIECES_AHEAD && ahead.to < *size {
                ahead.pieces.push_back(ask(ahead.to, Some(etag.clone())));
                ahead.to = ahead.to.saturating_add(piece);
            }
        }
        Ok(answer)
    }
}
