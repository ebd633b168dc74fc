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
// Each row carries a checksum that is verified while loading. A row that fails is left out and
// reported: its asset then has no data until the next event, which is the truth. A database that cannot
// be read at all is moved aside, and the numbers come back from the ledger.
package store
