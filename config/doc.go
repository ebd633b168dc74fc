// Package config reads gateway.toml, the one file that the operator writes.
//
//	gateway.toml ──► keys and values ──► Config ──► checks ──► the program
//	                        │               │          │
//	                        └───────────────┴──────────┴─────► Problems, all of them, each with its line
//
// It is strict: a key that this version does not know, a value of the wrong type, and two keys that
// contradict each other are errors. A [Problem] names the file, the line, the key and the value, and
// says what to do next. What is allowed but unwise is a warning.
//
// [Load] reads a file; [Default] is what an empty one means. [Sections] lists every key, and the reference
// in docs/configuration.md is written from it.
package config
