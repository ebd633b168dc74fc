// Package store keeps the gateway's state on disk, in one directory that nobody else writes to.
//
//	state.db     SQLite: what is believed now, not how it came about
//	ledger.csv   which number every asset has: a second copy, outside the database, that wins over it
//	lock         held while a gateway runs on the directory
//	backups      copies that the gateway makes by itself, every day and before an upgrade
//	renewal      where a new database is written in place of a damaged one
//
// [Store.Commit] is durable when it returns: one transaction with synchronous=FULL, and new assets
// synced into the ledger as well. After an error the database is opened anew for the next commit, so
// that a disk that was full or away is used again as soon as it is back.
//
// Every row carries a checksum that is verified while loading, but for the gateway's id, which the ledger
// has too, the number of starts, and the traffic events that were counted, which are nothing but a digest.
// One that fails is left out, reported and removed: what it told is unknown until the next event, which is
// the truth, but for what the newest good backup has of it that does not age.
//
// Before anything is believed the whole file is looked through, and its log. One that is damaged is replaced by a
// new one of every row that can still be read; one of which nothing can be used, by the newest backup in the
// folder of backups, or by an empty one. The damaged one is kept aside; the numbers come from the ledger, and with
// them the gateway's id. A database that goes bad while it is in use is written anew from what the caller
// believes: see [gateway.ErrJournalLost]. docs/recovery.md has the rules for whoever runs a gateway.
//
// What other parts must remember is in small tables beside that: see [Store.Table].
//
// A database of an older version is brought forward when it is opened for writing, and read as it is by
// [Read]; one of a newer version is refused.
package store
