// Package plot draws how an asset was over some time, as an SVG: people as a stepped line, the outputs as bands
// below it, and hatched whatever nobody could know.
//
// It is pure: samples in, markup out. The drawing has no style of its own but classes, because the pages that it
// is served in allow none; and it says in words what it shows, for those who cannot see it.
package plot
