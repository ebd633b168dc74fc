package workbook

// The namespaces and types of ECMA-376.
const (
	header          = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	spreadsheet     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	officeRelations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packages        = "http://schemas.openxmlformats.org/package/2006/"
	spreadsheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml"
)

// The parts of a workbook that is written; the %s are what depends on its sheets.
const (
	rootRelations = header + `<Relationships xmlns="` + packages + `relationships">` +
		`<Relationship Id="rId1" Type="` + officeRelations + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`

	// Style 0 is plain, style 1 bold. Excel wants the two fills, which nothing uses.
	styles = header + `<styleSheet xmlns="` + spreadsheet + `">` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>` +
		`<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

	sheetBegins = header + `<worksheet xmlns="` + spreadsheet + `"><sheetViews><sheetView%s workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`

	workbookPart = header + `<workbook xmlns="` + spreadsheet + `" xmlns:r="` + officeRelations + `">` +
		`<bookViews><workbookView/></bookViews><sheets>%s</sheets></workbook>`

	workbookRelations = header + `<Relationships xmlns="` + packages + `relationships">%s` +
		`<Relationship Id="styles" Type="` + officeRelations + `/styles" Target="styles.xml"/></Relationships>`

	contentTypes = header + `<Types xmlns="` + packages + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + spreadsheetType + `.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + spreadsheetType + `.styles+xml"/>%s</Types>`
)
