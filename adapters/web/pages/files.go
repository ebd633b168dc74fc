package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
)

//go:embed static
var staticFiles embed.FS

// files are what the pages load: the style, the scripts and the icon. Their addresses change with what is in
// them, so that a browser may keep them for ever.
type files struct {
	content map[string][]byte
	version map[string]string
}

var fileTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func newFiles() (*files, error) {
	f := &files{content: map[string][]byte{}, version: map[string]string{}}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, fmt.Errorf("reading the files of the pages: %w", err)
	}
	for _, e := range entries {
		content, err := fs.ReadFile(staticFiles, "static/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the files of the pages: %w", err)
		}
		sum := sha256.Sum256(content)
		f.content[e.Name()], f.version[e.Name()] = content, hex.EncodeToString(sum[:6])
	}
	return f, nil
}

// address returns where a file is; it must be one that there is.
func (f *files) address(name string) (string, error) {
	if _, ok := f.version[name]; !ok {
		return "", fmt.Errorf("there is no file %s", name)
	}
	return "/page/" + name + "?v=" + f.version[name], nil
}

func (f *files) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	content, ok := f.content[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", fileTypes[path.Ext(name)])
	if r.URL.Query().Get("v") == f.version[name] {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(content) // whoever went away does not need it
}
