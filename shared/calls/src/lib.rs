//! Performs integration requests over HTTP: endpoints, credentials, Signature Version 4.
