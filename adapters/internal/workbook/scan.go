package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

	"butlr-gateway/adapters/internal/leash"
)

// scanner reads a part item by item, an item being a row or a text.
type scanner struct {
	part  string
	in    io.ReadCloser
	leash *leash.Reader
	xml   *xml.Decoder
	path  []string // the names of the elements that are open
}

func (b *Book) scan(part string, largest uint64) (*scanner, error) {
	in, err := b.open(part, largest)
	if err != nil {
		return nil, err
	}
	held := leash.New(in, largestItem)
	return &scanner{part: b.parts[part].Name, in: in, leash: held, xml: xml.NewDecoder(held)}, nil
}

// next returns what comes next in the part, and keeps to what is open. It returns [io.EOF] behind the last. What it
// returned before is void then.
func (s *scanner) next() (xml.Token, error) {
	token, err := s.xml.Token()
	if err != nil {
		return nil, s.broken(err)
	}
	switch t := token.(type) {
	case xml.StartElement:
		if s.path = append(s.path, t.Name.Local); len(s.path) > deepest {
			return nil, s.broken(errors.New("too much is in one another"))
		}
	case xml.EndElement:
		s.path = s.path[:len(s.path)-1]
	}
	return token, nil
}

func (s *scanner) broken(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, leash.ErrTooLong):
		return fmt.Errorf("a row or a text in its part %q has more than %d MiB", s.part, largestItem>>20)
	}
	return fmt.Errorf("its part %q is broken: %w", s.part, err)
}

// inText tells whether what comes next is of the text that begins below so many elements: plain, or a run of one with
// formats. How Japanese is pronounced is none of it.
func (s *scanner) inText(below int) bool {
	inside := s.path[below:]
	return slices.Equal(inside, []string{"t"}) || slices.Equal(inside, []string{"r", "t"})
}

// texts are those that cells share.
type texts struct {
	all  []byte
	ends []uint32 // of each text in all
}

func (t *texts) at(k int) []byte {
	begin := uint32(0)
	if k > 0 {
		begin = t.ends[k-1]
	}
	return t.all[begin:t.ends[k]]
}

// readTexts reads a list of texts: sst, si, t.
func (b *Book) readTexts(part string) (*texts, error) {
	s, err := b.scan(part, largestTexts)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.in.Close() }()
	t := &texts{}
	for {
		token, err := s.next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.CharData:
			if len(s.path) > 2 && s.inText(2) {
				t.all = append(t.all, token...)
			}
		case xml.EndElement:
			if len(s.path) == 1 && token.Name.Local == "si" {
				t.ends = append(t.ends, uint32(len(t.all)))
				s.leash.Loosen()
			}
		}
	}
}
