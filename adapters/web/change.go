package web

import "fmt"

// Change checks other passwords of the page, as [Options] has them, and returns what puts them in force; that cannot
// fail. Whoever looks at the page or asks its API has to log in again. The error may be an access.BadPassword.
func (s *Server) Change(password, viewerPassword string) (apply func(), err error) {
	o := s.options
	o.Password, o.ViewerPassword = password, viewerPassword
	if err := o.check(); err != nil {
		return nil, err
	}
	if apply, err = s.gate.Change(password, viewerPassword); err != nil {
		return nil, fmt.Errorf("changing the passwords of the page: %w", err)
	}
	return apply, nil
}
