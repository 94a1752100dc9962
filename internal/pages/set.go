package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Landing is the page for a browser that opens the endpoint's URL.
const Landing = "landing"

//go:embed templates assets
var files embed.FS

// Set is every page, parsed. It is safe for concurrent use.
type Set struct {
	// OnFailure is told why a page could not be made; nil tells nobody. Set it before the first
	// Render.
	OnFailure func(page string, err error)

	pages map[string]*page
}

// page is one template with the layout around it, and the header that goes with its inline blocks.
type page struct {
	layout *template.Template
	style  template.CSS
	script template.JS
	policy string
}

// view is what the layout sees; a page's own templates see Data.
type view struct {
	Style  template.CSS
	Script template.JS
	Data   any
}

// New parses all pages.
func New() (*Set, error) { return load(files) }

// load makes a page of every templates/NAME.html but the layout. Its style is assets/base.css and,
// if there is one, assets/NAME.css.
func load(fsys fs.FS) (*Set, error) {
	layout, err := template.New("layout.html").Option("missingkey=error").ParseFS(fsys, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the layout: %w", err)
	}
	base, err := fs.ReadFile(fsys, "assets/base.css")
	if err != nil {
		return nil, err
	}
	script, err := fs.ReadFile(fsys, "assets/page.js")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(fsys, "templates/*.html")
	if err != nil {
		return nil, err
	}
	s := &Set{pages: make(map[string]*page, len(names))}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" {
			continue
		}
		own, err := fs.ReadFile(fsys, "assets/"+name+".css")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		p, err := newPage(fsys, layout, file, string(base)+string(own), string(script))
		if err != nil {
			return nil, fmt.Errorf("parsing the page %s: %w", name, err)
		}
		s.pages[name] = p
	}
	return s, nil
}

func newPage(fsys fs.FS, layout *template.Template, file, style, script string) (*page, error) {
	t, err := layout.Clone()
	if err != nil {
		return nil, err
	}
	if t, err = t.ParseFS(fsys, file); err != nil {
		return nil, err
	}
	for _, block := range []string{"title", "main"} {
		if t.Lookup(block) == nil {
			return nil, fmt.Errorf("the template %q is not defined", block)
		}
	}
	return &page{
		layout: t,
		style:  template.CSS(style), //nolint:gosec // our own embedded file
		script: template.JS(script), //nolint:gosec // our own embedded file
		policy: policy(style, script),
	}, nil
}

// policy allows the two inline blocks by their hashes, pictures of our own, and forms that post
// back to us. Nothing is loaded, nothing is fetched, nobody frames the page (CSP Level 3 §6.1,
// §6.3, §6.4).
func policy(style, script string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"style-src " + source(style),
		"script-src " + source(script),
		"img-src 'self' data:",
		"form-action 'self'",
		"frame-ancestors 'none'",
		"base-uri 'none'",
	}, "; ")
}

func source(block string) string {
	sum := sha256.Sum256([]byte(block))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Render answers with a page, whole or not at all: a page that cannot be made is a 500 in plain
// text without the cause. The answer is not stored by anybody unless the caller has set
// Cache-Control, and browsers tell nobody where they come from unless it has set Referrer-Policy: a
// page with a form needs same-origin, or the form comes from "null". Cross-Origin-Opener-Policy is
// left alone on purpose: it would cut a sign-in window off from the client that opened it.
func (s *Set) Render(w http.ResponseWriter, status int, name string, data any) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Referrer-Policy") == "" {
		h.Set("Referrer-Policy", "no-referrer")
	}
	var body bytes.Buffer
	p, err := s.execute(&body, name, data)
	if err != nil {
		if s.OnFailure != nil {
			s.OnFailure(name, err)
		}
		h.Set("Cache-Control", "no-store")
		http.Error(w, "This page could not be made. Please try again later.", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the browser is gone: nobody is left to tell
}

func (s *Set) execute(body *bytes.Buffer, name string, data any) (*page, error) {
	p, ok := s.pages[name]
	if !ok {
		return nil, fmt.Errorf("there is no page %q", name)
	}
	return p, p.layout.Execute(body, view{Style: p.style, Script: p.script, Data: data})
}
