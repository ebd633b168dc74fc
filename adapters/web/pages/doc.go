// Package pages is what people look at: the live table of all assets, a page for each of them, walk tests,
// who polls, health, the audit and the list of points.
//
//	Board, Desk, Sources ──► Handler ──► html/*.html   everything, without any script
//	                                └──► static/*.js   keeps it live, from /api/v1
//
// Every page is whole as it is served: forms, links and paging do all there is to do. The scripts replace what
// they show by what the API tells, and need nothing from anywhere else. Names come from outside; they are text
// in the templates, and what cannot be seen of them is shown as escapes.
package pages
