package pages

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestErrorPageSaysWhetherToTryAgainAndItsID(t *testing.T) {
	set, err := New()
	if err != nil {
		t.Fatal(err)
	}
	type view struct {
		Name, Text, Client, Where, ErrorID           string
		Link                                         template.URL
		Later, Reload, Request, Deployment, Operator bool
	}
	for name, tt := range map[string]struct {
		view      view
		want, not string
	}{
		"it passes":              {view{Later: true}, "Please try again in a moment", "does not help"},
		"it passes on this page": {view{Later: true, Reload: true}, "load this page again in a moment", "does not help"},
		"the operator must act":  {view{Operator: true}, "The operator of this server has to change its configuration; tell them the error id", "try again in a moment"},
		"their own doing":        {view{}, "start again from your app", "try again in a moment"},
		"the app's doing":        {view{Request: true}, "You did nothing wrong", "try again in a moment"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.view.Name, tt.view.Text = "Name", "Text"
			for _, id := range []string{"ID-123", ""} {
				tt.view.ErrorID = id
				w := httptest.NewRecorder()
				set.Render(w, http.StatusBadRequest, "signin-error", tt.view)
				body := w.Body.String()
				if want := strings.Split(tt.want, "; tell")[0]; !strings.Contains(body, want) || strings.Contains(body, tt.not) {
					t.Errorf("the page is %s", body)
				}
				if id != "" && (!strings.Contains(body, "Error id: <code>"+id+"</code>") || !strings.Contains(body, tt.want)) {
					t.Errorf("the page does not show the id: %s", body)
				}
				if id == "" && strings.Contains(body, "Error id") {
					t.Error("the page shows an id that there is not")
				}
			}
		})
	}
}
