package main

import (
	"bufio"
	"net"
	"net/url"
)

// sender posts over one connection.
type sender struct {
	conn net.Conn
	in   *bufio.Reader
	head string
}

func newSender(to string) (*sender, error) {
	target, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", target.Host)
	if err != nil {
		return nil, err
	}
	return &sender{conn, bufio.NewReader(conn), requestHead(target)}, nil
}

// post returns when it is answered.
func (s *sender) post(body []byte) error {
	if _, err := s.conn.Write(request(s.head, body)); err != nil {
		return err
	}
	return readAnswer(s.in)
}
