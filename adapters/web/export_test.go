package web

// Refresh looks at the certificate's files now.
func (s *Server) Refresh() { s.files.Refresh() }
