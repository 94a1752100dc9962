package mcpadapter

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// definition is what a client is told of a tool.
type definition struct {
	title, description string
	hints              hints
	input, output      *jsonschema.Schema
}

// setting is what the words of the tools depend on.
type setting struct {
	// has tells whether callers have a tool. Nothing is said of those that they do not have.
	has func(tool string) bool
	// keys: callers may name what they create, and it is not done twice.
	keys bool
	// resends: what had no answer and is not seen is done again if it is repeated under its key.
	resends bool
	// maxContacts and maxRecipients bound the lists of one call; 0 recipients: any number.
	maxContacts, maxRecipients int
}

// told is the text if callers have one of the tools, else "".
func (s setting) told(text string, tools ...string) string {
	return when(slices.ContainsFunc(tools, s.has), text)
}

// hints are the four hints of a tool. All of them are always written out, as their defaults assume
// the worst.
type hints struct {
	readOnly    bool
	destructive bool // it loses something or does what cannot be taken back
	idempotent  bool // once more with the same arguments changes nothing more
	openWorld   bool // it reaches people outside of the workspace, or brings in what they wrote
}

// tool renders the definition for tools/list. The schemas are written as JSON once, since every
// list repeats them.
func (d definition) tool(name string) (*mcp.Tool, error) {
	input, err := json.Marshal(d.input)
	if err != nil {
		return nil, fmt.Errorf("input schema of %s: %w", name, err)
	}
	output, err := json.Marshal(d.output)
	if err != nil {
		return nil, fmt.Errorf("output schema of %s: %w", name, err)
	}
	h := d.hints
	return &mcp.Tool{
		Name:         name,
		Title:        d.title,
		Description:  d.description,
		InputSchema:  json.RawMessage(input),
		OutputSchema: json.RawMessage(output),
		Annotations: &mcp.ToolAnnotations{
			Title:           d.title,
			ReadOnlyHint:    h.readOnly,
			DestructiveHint: &h.destructive,
			IdempotentHint:  h.idempotent,
			OpenWorldHint:   &h.openWorld,
		},
	}, nil
}
