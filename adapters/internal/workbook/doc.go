// Package workbook writes and reads the texts and numbers in the sheets of workbooks of Excel 2007 and later, XLSX:
// a zip of XML as ECMA-376 has it. Both ways the sheets are a stream: of what is written nothing is kept, of what is
// read the list of texts that its cells share. Charts, formats, formulas and whatever else a workbook may hold is
// passed over, and of a formula its last value is read.
//
// It is no library's task here because a list of points is all that the gateway has to do with workbooks, and those
// libraries that read sheets as a stream either weigh a seventh of the program or read in a goroutine of their own,
// where a hostile file ends the program. The tests have one of them, excelize, read what is written here and write
// what is read.
package workbook
