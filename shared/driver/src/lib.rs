//! Load, call, decide, commit, send: what one cue does, generic over the backend.
