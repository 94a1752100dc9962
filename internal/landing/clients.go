package landing

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// ServerName is what every client calls this server in its configuration.
const ServerName = "clerk-chat"

// Kind is the sort of program a client is.
type Kind string

// The kinds of clients.
const (
	Terminal Kind = "terminal"
	Editor   Kind = "editor"
	Desktop  Kind = "desktop"
	Hosted   Kind = "web"
	Other    Kind = "other"
)

// Client is a program that can use this server, and how to connect it.
type Client struct {
	// ID is unique and fit for a fragment of a URL, such as "claude-code".
	ID string
	// Name is the product's name.
	Name string
	// Kind is the sort of program.
	Kind Kind
	// Command connects it from a terminal in one line; "" if that cannot be done.
	Command string
	// Ways to connect it; the first is the one to recommend for this URL. There is at least one.
	Ways []Way
	// Note says what else to know; may be "".
	Note string
	// Unreachable says why this client cannot use this URL; "" if nothing is known against it.
	Unreachable string
}

// Way is one way to connect a client.
type Way struct {
	Title string
	Steps []Step
}

// Step is something to do. Snippet and Link may be nil.
type Step struct {
	// Text is a sentence; words between backquotes are typed or read literally.
	Text    string
	Snippet *Snippet
	Link    *Link
	// SignIn marks a step that exists only where connecting asks for a sign-in, NoSignIn one only
	// where it does not.
	SignIn, NoSignIn bool
}

// Snippet is text to copy as it is.
type Snippet struct {
	// Where it goes: a file's name, or what it is.
	Where string
	// Language is sh, json, toml or text.
	Language string
	Code     string
}

// Link opens the client's own installer.
type Link struct{ Label, URL string }

// For is the way's steps on a server where connecting asks for a sign-in, or does not.
func (w Way) For(signIn bool) []Step {
	var steps []Step
	for _, s := range w.Steps {
		if (s.SignIn && !signIn) || (s.NoSignIn && signIn) {
			continue
		}
		steps = append(steps, s)
	}
	return steps
}

// Clients tells how to connect each client to the endpoint with the given URL. Whatever the URL
// holds is quoted for the shell, JSON, TOML or link it stands in; nothing is escaped for HTML.
func Clients(endpoint string) []Client {
	a := addressOf(endpoint)
	return []Client{
		claudeCode(a), claudeDesktop(a), cursor(a), vsCode(a), geminiCLI(a), codex(a), chatGPT(a), anyClient(a),
	}
}

func claudeCode(a address) Client {
	command := "claude mcp add --transport http " + ServerName + " " + shellWord(a.url)
	return Client{
		ID: "claude-code", Name: "Claude Code", Kind: Terminal, Command: command,
		Ways: []Way{{Title: "In a terminal", Steps: []Step{
			{Text: "Add the server. Put `--scope user` before the name to have it in all your projects.", Snippet: shell(command)},
			{Text: "Start `claude`, type `/mcp`, choose `clerk-chat` and then Authenticate. Your browser opens for the sign-in.", SignIn: true},
			{Text: "Start `claude` and type `/mcp`: `clerk-chat` is listed as connected.", NoSignIn: true},
		}}, {Title: "For everybody in a project", Steps: []Step{
			{Text: "Put this file into the project's top folder.", Snippet: jsonFile(".mcp.json", servers("mcpServers", httpServer(a)))},
		}}},
	}
}

func claudeDesktop(a address) Client {
	connector := Way{Title: "As a connector", Steps: []Step{
		{Text: "Open Settings → Connectors and choose Add custom connector."},
		{Text: "Call it Clerk Chat, paste this URL and choose Add.", Snippet: plain("Remote MCP server URL", a.url)},
		{Text: "Choose Connect. Your browser opens for the sign-in.", SignIn: true},
	}}
	bridge := Way{Title: "With the configuration file", Steps: []Step{
		{Text: "Open Settings → Developer → Edit Config and add the server. It runs through `mcp-remote`, which needs Node.js.",
			Snippet: jsonFile("claude_desktop_config.json", servers("mcpServers", bridgeServer(a)))},
		{Text: "Quit Claude Desktop and start it again. Your browser opens for the sign-in.", SignIn: true},
		{Text: "Quit Claude Desktop and start it again.", NoSignIn: true},
	}}
	c := Client{
		ID: "claude-desktop", Name: "Claude Desktop", Kind: Desktop, Ways: []Way{connector, bridge},
		Note: "A connector is called from Anthropic's network, so the URL must be reachable from the internet. " +
			"Added once, it is there in Claude on the web and on phones too. In a Team or Enterprise plan an owner adds it.",
	}
	if a.private() {
		c.Ways = []Way{bridge}
		c.Note = "A connector (Settings → Connectors) is called from Anthropic's network and needs an https URL that is " +
			"reachable from the internet. This one is not, so the configuration file is the way."
	}
	return c
}

func cursor(a address) Client {
	// The link's configuration is the object that stands under the server's name in mcp.json.
	config := base64.StdEncoding.EncodeToString([]byte(compact(object{{"url", a.url}})))
	link := "cursor://anysphere.cursor-deeplink/mcp/install?name=" + ServerName + "&config=" + url.QueryEscape(config)
	signIn := Step{Text: "In Cursor's settings, under MCP, choose Connect beside `clerk-chat`. Your browser opens for the sign-in.", SignIn: true}
	return Client{
		ID: "cursor", Name: "Cursor", Kind: Editor,
		Ways: []Way{{Title: "With one click", Steps: []Step{
			{Text: "Cursor opens and asks before it installs anything.", Link: &Link{Label: "Add to Cursor", URL: link}},
			signIn,
		}}, {Title: "With the configuration file", Steps: []Step{
			{Text: "Add the server for all projects, or in `.cursor/mcp.json` for one.",
				Snippet: jsonFile("~/.cursor/mcp.json", servers("mcpServers", object{{"url", a.url}}))},
			signIn,
		}}},
	}
}

func vsCode(a address) Client {
	config := compact(append(object{{"name", ServerName}}, httpServer(a)...))
	command := "code --add-mcp " + shellWord(config)
	link := "vscode:mcp/install?" + strings.ReplaceAll(url.QueryEscape(config), "+", "%20")
	return Client{
		ID: "vs-code", Name: "VS Code", Kind: Editor, Command: command,
		Ways: []Way{{Title: "With one click", Steps: []Step{
			{Text: "VS Code opens and shows the server before it installs it.", Link: &Link{Label: "Add to VS Code", URL: link}},
			{Text: "Start the server and allow the sign-in. Your browser opens.", SignIn: true},
			{Text: "Choose Agent in the chat: the tools are in its tool picker.", NoSignIn: true},
		}}, {Title: "In a terminal", Steps: []Step{
			{Text: "For the shells of macOS and Linux; on Windows use the button or the file.", Snippet: shell(command)},
		}}, {Title: "For everybody in a project", Steps: []Step{
			{Text: "Put this file into the project.", Snippet: jsonFile(".vscode/mcp.json", servers("servers", httpServer(a)))},
		}}},
	}
}

func geminiCLI(a address) Client {
	command := "gemini mcp add --scope user --transport http " + ServerName + " " + shellWord(a.url)
	return Client{
		ID: "gemini-cli", Name: "Gemini CLI", Kind: Terminal, Command: command,
		Ways: []Way{{Title: "In a terminal", Steps: []Step{
			{Text: "Add the server.", Snippet: shell(command)},
			{Text: "Start `gemini` and type `/mcp auth clerk-chat`. Your browser opens for the sign-in.", SignIn: true},
			{Text: "Start `gemini` and type `/mcp`: `clerk-chat` is listed with its tools.", NoSignIn: true},
		}}, {Title: "With the configuration file", Steps: []Step{
			{Text: "Add the server. The key is `httpUrl`; `url` would mean an older transport.",
				Snippet: jsonFile("~/.gemini/settings.json", servers("mcpServers", object{{"httpUrl", a.url}}))},
		}}},
	}
}

func codex(a address) Client {
	command := "codex mcp add " + ServerName + " --url " + shellWord(a.url)
	signIn := Step{Text: "Sign in. Your browser opens.", Snippet: shell("codex mcp login " + ServerName), SignIn: true}
	return Client{
		ID: "codex", Name: "Codex", Kind: Terminal, Command: command,
		Ways: []Way{{Title: "In a terminal", Steps: []Step{
			{Text: "Add the server. The command line and the editor extension share it.", Snippet: shell(command)},
			signIn,
			{Text: "Start `codex` and type `/mcp`: `clerk-chat` is listed with its tools.", NoSignIn: true},
		}}, {Title: "With the configuration file", Steps: []Step{
			{Text: "Add the server.", Snippet: &Snippet{Where: "~/.codex/config.toml", Language: "toml",
				Code: "[mcp_servers." + ServerName + "]\nurl = " + quoted(a.url) + "\n"}},
			signIn,
		}}},
	}
}

func chatGPT(a address) Client {
	c := Client{
		ID: "chatgpt", Name: "ChatGPT", Kind: Hosted,
		Ways: []Way{{Title: "As an app, in developer mode", Steps: []Step{
			{Text: "On the web, open Settings → Apps → Advanced settings and turn Developer mode on. It depends on your plan."},
			{Text: "Choose Create app, call it Clerk Chat and paste this URL.", Snippet: plain("MCP server URL", a.url)},
			{Text: "As authentication choose OAuth, then Create. Your browser opens for the sign-in.", SignIn: true},
			{Text: "As authentication choose No authentication, then Create.", NoSignIn: true},
		}}},
		Note: "ChatGPT calls from OpenAI's network, so the URL must be reachable from the internet.",
	}
	if a.private() {
		c.Unreachable = "ChatGPT calls from OpenAI's network and needs an https URL that is reachable from the internet. " +
			"This one is not: put the server behind a public https address first."
		c.Note = ""
	}
	return c
}

func anyClient(a address) Client {
	return Client{
		ID: "other", Name: "Any other client", Kind: Other,
		Ways: []Way{{Title: "A client that speaks Streamable HTTP", Steps: []Step{
			{Text: "Give it this URL. Sign-in follows the MCP authorization specification; nothing has to be registered.",
				Snippet: plain("URL", a.url), SignIn: true},
			{Text: "Give it this URL, and no authentication.", Snippet: plain("URL", a.url), NoSignIn: true},
			{Text: "Many clients read this form.", Snippet: jsonFile("mcp.json", servers("mcpServers", httpServer(a)))},
		}}, {Title: "A client that only starts local programs", Steps: []Step{
			{Text: "`mcp-remote` stands in between. It needs Node.js.",
				Snippet: jsonFile("mcp.json", servers("mcpServers", bridgeServer(a)))},
		}}},
	}
}
