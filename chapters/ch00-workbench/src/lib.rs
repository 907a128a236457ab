//! Chapter 0.
