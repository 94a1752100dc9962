package openapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	yaml "github.com/oasdiff/yaml3"

	"github.com/clerkchat/mcp-gateway/openapi"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsValid(t *testing.T) {
	t.Parallel()
	err := load(t).Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaPatternValidation())
	if err != nil {
		t.Error(err)
	}
}

func TestEveryOperationIsNamedDescribedAndTagged(t *testing.T) {
	t.Parallel()
	doc := load(t)
	tags := map[string]bool{}
	for _, tag := range doc.Tags {
		tags[tag.Name] = tag.Description != ""
	}
	ids := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			where := method + " " + path
			if op.OperationID == "" || op.Summary == "" || op.Description == "" {
				t.Errorf("%s: operationId, summary or description is missing", where)
			}
			if other := ids[op.OperationID]; other != "" {
				t.Errorf("%s has the operationId of %s", where, other)
			}
			ids[op.OperationID] = where
			if len(op.Tags) != 1 || !tags[op.Tags[0]] {
				t.Errorf("%s: tags are %v, want one that the document describes", where, op.Tags)
			}
			wantBody := method == http.MethodPost || method == http.MethodPut
			if hasBody := op.RequestBody != nil; hasBody != wantBody {
				t.Errorf("%s: request body is %v, want %v", where, hasBody, wantBody)
			}
			for _, status := range []string{"400", "401", "403", "404", "429", "500"} {
				if op.Responses.Value(status) == nil {
					t.Errorf("%s: response %s is missing", where, status)
				}
			}
		}
	}
}

// A comma in an unquoted flow mapping ends the text and begins a key without a value:
// "{description: One, two.}".
func TestNoKeyIsWithoutAValue(t *testing.T) {
	t.Parallel()
	walk(t, func(path string, n *yaml.Node) {
		if n.Tag == "!!null" {
			t.Errorf("%s has no value", path)
		}
	})
}

func TestWhatIsUnconfirmedHasAReason(t *testing.T) {
	t.Parallel()
	marks := 0
	walk(t, func(path string, n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			return
		}
		fields := map[string]string{}
		for i := 0; i < len(n.Content); i += 2 {
			fields[n.Content[i].Value] = n.Content[i+1].Value
		}
		mark, marked := fields["x-unconfirmed"]
		reason, explained := fields["x-unconfirmed-reason"]
		if marked {
			marks++
		}
		switch {
		case marked != explained:
			t.Errorf("%s: x-unconfirmed and x-unconfirmed-reason come together", path)
		case marked && mark != "true":
			t.Errorf("%s: x-unconfirmed is %q, want true", path, mark)
		case marked && len(strings.Fields(reason)) < 3:
			t.Errorf("%s: the reason %q says too little", path, reason)
		}
	})
	if marks == 0 {
		t.Error("nothing is marked: the vendor's documentation is not that complete")
	}
}

// What no source confirms must not lose its mark unnoticed.
func TestWhatNoSourceConfirmsIsMarked(t *testing.T) {
	t.Parallel()
	marked := map[string]bool{}
	walk(t, func(path string, n *yaml.Node) {
		if strings.HasSuffix(path, "/x-unconfirmed") && n.Value == "true" {
			marked[strings.TrimSuffix(path, "/x-unconfirmed")] = true
		}
	})
	for _, path := range []string{
		"/paths//public/contacts/get",
		"/paths//public/contacts/batch/post",
		"/paths//public/contacts/{id}/put",
		"/paths//public/contacts/{id}/delete",
		"/components/schemas/CreateCampaignRequest/properties/timestamp",
	} {
		if !marked[path] {
			t.Errorf("%s is not marked as unconfirmed", path)
		}
	}
}

// walk visits every value of the document, with the path of its keys.
func walk(t *testing.T, visit func(path string, n *yaml.Node)) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(openapi.Document, &doc); err != nil {
		t.Fatal(err)
	}
	var descend func(path string, n *yaml.Node)
	descend = func(path string, n *yaml.Node) {
		visit(path, n)
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				descend(path+"/"+n.Content[i].Value, n.Content[i+1])
			}
		case yaml.SequenceNode, yaml.DocumentNode:
			for _, child := range n.Content {
				descend(path, child)
			}
		}
	}
	descend("", &doc)
}
