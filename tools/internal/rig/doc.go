// Package rig has what a trial with other people's software needs: a broker, the gateway of this tree, a
// building that posts events to it, and a report.
package rig
