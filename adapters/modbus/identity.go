package modbus

// Identity is what the server says of itself (MODBUS Application Protocol V1.1b3, sections 6.13 and 6.21).
// Text beyond what one answer can carry is cut.
type Identity struct {
	Vendor, ProductCode, Revision string // basic: every client may ask for them
	Product, Model, Name          string // regular; an empty one is left out
}

// The ways to ask for identification, and what we say we can do.
const (
	identification   = 14 // the encapsulated interface
	basicStream      = 1
	regularStream    = 2
	extendedStream   = 3
	individualObject = 4
	regularLevel     = 0x82 // streams up to regular, and individual objects
	moreFollows      = 0xFF
	basicObjects     = 3 // their ids are 0 to 2
	objectCount      = 7
	longestObject    = maxPDU - 7 - 2 // an answer's header, and the object's own
)

// What function 17 begins with.
const (
	serverID = 'B' // the specification leaves it to us
	serverOn = 0xFF
)

// identity is an Identity as it is sent.
type identity struct {
	objects [objectCount]string // by their ids; "" for those that there are not
	server  string              // what function 17 tells in words
}

func newIdentity(i Identity) (out identity) {
	const noURL = ""
	for id, text := range []string{i.Vendor, i.ProductCode, i.Revision, noURL, i.Product, i.Model, i.Name} {
		out.objects[id] = cut(ascii(text), longestObject)
	}
	const longestServer = maxPDU - 4 // function, count, id and status stand before it
	out.server = cut(ascii(join(i.ProductCode, i.Revision, i.Name)), longestServer)
	return out
}

// report answers function 17: an id, that we run, and who we are.
func (i *identity) report(pdu, out []byte) ([]byte, exception) {
	if len(pdu) != 1 {
		return out, illegalDataValue
	}
	out = append(out, reportServerID, byte(2+len(i.server)), serverID, serverOn)
	return append(out, i.server...), 0
}

// identify answers function 43 with interface 14; another interface is as an unknown function.
func (i *identity) identify(pdu, out []byte) ([]byte, exception) {
	switch {
	case len(pdu) < 2:
		return out, illegalDataValue
	case pdu[1] != identification:
		return out, illegalFunction
	case len(pdu) != 4:
		return out, illegalDataValue
	}
	way, object := pdu[2], int(pdu[3])
	switch {
	case way == individualObject && !i.has(object):
		return out, illegalDataAddress
	case way < basicStream || way > individualObject:
		return out, illegalDataValue
	}
	last := objectCount - 1 // of the extended stream too: one above our level is answered as far as we go
	switch {
	case way == individualObject:
		last = object
	case way == basicStream:
		last = basicObjects - 1
	}
	if !i.has(object) || object > last {
		object = 0 // an object that a stream does not know begins it anew
	}
	return i.stream(way, object, last, out), 0
}

func (i *identity) has(object int) bool { return object < objectCount && i.objects[object] != "" }

// stream appends the objects from one to the last, as many as one answer carries.
func (i *identity) stream(way byte, object, last int, out []byte) []byte {
	const more, next, count = 4, 5, 6 // places in the header
	begin := len(out)
	out = append(out, encapsulated, identification, way, regularLevel, 0, 0, 0)
	for ; object <= last; object++ {
		text := i.objects[object]
		switch {
		case text == "":
			continue
		case len(out)-begin+2+len(text) > maxPDU:
			out[begin+more], out[begin+next] = moreFollows, byte(object)
			return out
		}
		out = append(append(out, byte(object), byte(len(text))), text...)
		out[begin+count]++
	}
	return out
}

// ascii returns a text in the characters that the specification has for objects: others become "?".
func ascii(text string) string {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r < ' ' || r > '~' {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return string(out)
}

func cut(text string, most int) string { return text[:min(len(text), most)] }

// join puts the texts that there are into one, with spaces between them.
func join(texts ...string) string {
	var out string
	for _, text := range texts {
		if out != "" && text != "" {
			out += " "
		}
		out += text
	}
	return out
}
