// Package pointlist writes and reads the list of all points: a row for each value that a controller can
// read, for a spreadsheet, a controller's import, or another gateway.
//
//	assets ──► Write ──► points.csv, .json, .xlsx ──► Read ──► gateway.Listing
//
// First come the points of the gateway itself, those of the header. The description of the checksum's first
// row sums the list up: its [Mark] tells a whole list from a part of one, and carries what is not about a
// point: which numbers were vacated, and which assets are appended. Then come the points of each asset.
//
// Read believes nothing. Every address must be the one that the map has for the asset's number, every asset's
// rows must agree, and the whole must be what its mark says, or it is refused with the row, the column and
// what to do. Its memory grows with the assets in a file, not with what else is in it.
package pointlist
