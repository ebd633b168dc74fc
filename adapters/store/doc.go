// Package store keeps the gateway's state on disk, in one directory that nobody else writes to.
//
//	state.db     SQLite: what is believed now, not how it came about
//	ledger.csv   which number every asset has: a second copy, outside the database, that wins over it
//	lock         held while a gateway runs on the directory
//
// [Store.Commit] is durable when it returns: one transaction with synchronous=FULL, and new assets
// synced into the ledger as well. After an error the database is opened anew for the next commit, so
// that a disk that was full or away is used again as soon as it is back.
//
// Every row carries a checksum that is verified while loading, but for the gateway's id, which the ledger
// has too, the number of starts, and the traffic events that were counted, which are nothing but a digest.
// One that fails is left out, reported and removed: what it told is unknown until the next event, which is
// the truth. A database that cannot be read at all, or breaks the rules of its own schema, is moved aside,
// and the numbers come back from the ledger, and with them the gateway's id.
//
// What other parts must remember is in small tables beside that: see [Store.Table].
//
// A database of an older version is brought forward when it is opened for writing, and read as it is by
// [Read]; one of a newer version is refused.
package store
