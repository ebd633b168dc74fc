package workbook

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Limits of what is read: little of a workbook may be much once it is unpacked.
const (
	largestWorkbook = 1 << 30  // bytes of all parts, unpacked
	largestTexts    = 64 << 20 // bytes of the part with the texts that cells share, which is kept in memory
	largestPart     = 16 << 20 // bytes of another part that is kept
	largestItem     = 2 << 20  // bytes of one row or one text, with what is around it
	deepest         = 64       // elements in one another
)

// TooLarge is why a workbook is refused that may be in order but for its size.
type TooLarge struct{ What string }

func (e *TooLarge) Error() string { return e.What }

// Book is a workbook that is read.
type Book struct {
	parts  map[string]*zip.File // by name, in lower case: it does not count
	sheets []sheet
	shared *texts
}

type sheet struct{ name, part string }

// Open reads what a workbook is made of, and no sheet yet. Whatever the file may be, the error says what is wrong with
// it; it is a [*TooLarge] if only that is wrong.
func Open(file io.ReaderAt, size int64) (*Book, error) {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return nil, err
	}
	b := &Book{parts: make(map[string]*zip.File, len(z.File)), shared: &texts{}}
	total := uint64(0)
	for _, part := range z.File {
		total += part.UncompressedSize64
		if total > largestWorkbook || part.UncompressedSize64 > largestWorkbook {
			return nil, &TooLarge{fmt.Sprintf("it unpacks to more than %d MiB", largestWorkbook>>20)}
		}
		b.parts[partName(part.Name)] = part
	}
	root, err := b.relations("")
	if err != nil {
		return nil, err
	}
	main := root.ofType("/officeDocument")
	if main == "" {
		return nil, errors.New("no part of it is a workbook")
	}
	return b, b.readMain(main)
}

// partName returns the name of a part as all places that name it are taken to mean it.
func partName(name string) string {
	return strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(name, `\`, "/")), "/")
}

// readMain finds the sheets, and reads the texts that they share.
func (b *Book) readMain(main string) error {
	var content struct {
		Sheets []struct {
			Name string     `xml:"name,attr"`
			All  []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := b.decode(main, &content); err != nil {
		return err
	}
	related, err := b.relations(main)
	if err != nil {
		return err
	}
	for _, s := range content.Sheets {
		part := ""
		for _, a := range s.All {
			if a.Name.Local == "id" && strings.HasSuffix(a.Name.Space, "/relationships") {
				part = related.sheet(a.Value)
			}
		}
		if part == "" {
			return fmt.Errorf("its sheet %q is none with cells", s.Name)
		}
		b.sheets = append(b.sheets, sheet{s.Name, part})
	}
	if part := related.ofType("/sharedStrings"); part != "" {
		b.shared, err = b.readTexts(part)
	}
	return err
}

// decode reads a part that is kept.
func (b *Book) decode(part string, into any) error {
	in, err := b.open(part, largestPart)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if err := xml.NewDecoder(in).Decode(into); err != nil {
		return fmt.Errorf("its part %q is broken: %w", part, err)
	}
	return nil
}

// open begins to unpack a part.
func (b *Book) open(part string, largest uint64) (io.ReadCloser, error) {
	file := b.parts[part]
	if file == nil {
		return nil, fmt.Errorf("its part %q is missing", part)
	}
	if file.UncompressedSize64 > largest {
		return nil, &TooLarge{fmt.Sprintf("its part %q unpacks to more than %d MiB", file.Name, largest>>20)}
	}
	in, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("its part %q is broken: %w", file.Name, err)
	}
	return in, nil
}

// relations are those of one part to others, with the names of the parts.
type relations []relation

type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

// relations reads those of a part, or of the workbook as a whole if the part is "".
func (b *Book) relations(of string) (relations, error) {
	folder, name := path.Split(of)
	var content struct {
		Relations relations `xml:"Relationship"`
	}
	if err := b.decode(folder+"_rels/"+name+".rels", &content); err != nil {
		return nil, err
	}
	for k := range content.Relations {
		r := &content.Relations[k]
		if !strings.HasPrefix(r.Target, "/") {
			r.Target = path.Join("/", folder, r.Target)
		}
		r.Target = partName(r.Target)
	}
	return content.Relations, nil
}

// ofType returns the part that is related in a way that ends like that, or "". What comes before is another namespace
// in files that are called strict.
func (all relations) ofType(end string) string {
	for _, r := range all {
		if strings.HasSuffix(r.Type, end) {
			return r.Target
		}
	}
	return ""
}

// sheet returns the part of a sheet with cells, or "".
func (all relations) sheet(id string) string {
	for _, r := range all {
		if r.ID == id && strings.HasSuffix(r.Type, "/worksheet") {
			return r.Target
		}
	}
	return ""
}
