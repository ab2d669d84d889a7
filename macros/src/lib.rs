//! Sinew's procedural macros.
