package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// finder collects the faults that a package can have, in the order of its text.
type finder struct {
	*pkg
	file, function string
	faults         []*fault
	negated        map[ast.Expr]bool
	constants      map[types.Object][]*fault // those of each named constant of the package
}

// find returns all faults, those included that do not compile.
func (p *pkg) find() []*fault {
	f := &finder{pkg: p, negated: map[ast.Expr]bool{}, constants: map[types.Object][]*fault{}}
	for _, name := range p.names {
		file := p.files[name]
		if ast.IsGenerated(file) {
			continue
		}
		f.file = name
		for _, d := range file.Decls {
			f.function = declared(d)
			f.walk(d)
		}
	}
	times := map[string]int{}
	for _, one := range f.faults {
		one.key = fmt.Sprintf("%s: %s: %s: %s", p.rel, one.function, one.kind, one.change)
		times[one.key]++
		if n := times[one.key]; n > 1 {
			one.key += fmt.Sprintf(" (%d)", n)
		}
	}
	return f.faults
}

func declared(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name
		}
		return strings.TrimPrefix(types.ExprString(d.Recv.List[0].Type), "*") + "." + d.Name.Name
	case *ast.GenDecl:
		if len(d.Specs) == 1 {
			if v, ok := d.Specs[0].(*ast.ValueSpec); ok {
				return v.Names[0].Name
			}
		}
		return d.Tok.String()
	}
	return ""
}

func (f *finder) walk(root ast.Node) {
	var parents []ast.Node
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			parents = parents[:len(parents)-1]
			return true
		}
		if skipped(n) {
			return false
		}
		if e, ok := n.(ast.Expr); ok && f.isConstant(e) {
			if !isCapacity(e, parents) {
				f.constant(e)
			}
			return false
		}
		f.visit(n, parents)
		parents = append(parents, n)
		return true
	})
}

// skipped is what has to stay as it is for the package to compile.
func skipped(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok != token.VAR
	case *ast.ArrayType, *ast.StructType, *ast.InterfaceType, *ast.FuncType:
		return true
	}
	return false
}

// isCapacity tells whether a number only says how much room to make.
func isCapacity(e ast.Expr, parents []ast.Node) bool {
	call, ok := parents[len(parents)-1].(*ast.CallExpr)
	if !ok {
		return false
	}
	switch types.ExprString(call.Fun) {
	case "make":
		_, isMap := call.Args[0].(*ast.MapType)
		return isMap || len(call.Args) == 3 && call.Args[2] == e
	case "slices.Grow":
		return true
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	return ok && method.Sel.Name == "Grow"
}

func (f *finder) visit(n ast.Node, parents []ast.Node) {
	switch n := n.(type) {
	case *ast.IfStmt:
		if n.Else == nil && leaves(n.Body) {
			f.add(n, "check dropped", f.text(n.Cond), f.around(n.Cond, 0, "((", ") && !mutateOn("+mark+"))"))
		}
		f.negate(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			f.negate(n.Cond)
		}
	case *ast.SwitchStmt:
		if n.Tag == nil {
			for _, c := range n.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					f.negate(e)
				}
			}
		}
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			if parent, ok := parents[len(parents)-1].(ast.Expr); !ok || !f.negated[parent] {
				f.negate(n)
			}
		}
	case *ast.CallExpr:
		f.arguments(n)
	case *ast.CompositeLit:
		f.fields(n)
	case *ast.ReturnStmt:
		f.results(n, parents)
	case *ast.BlockStmt:
		f.statements(n.List)
	case *ast.CaseClause:
		f.statements(n.Body)
	case *ast.CommClause:
		f.statements(n.Body)
	}
}

// leaves tells whether a block ends by leaving what is around it.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch s := b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		return ok && types.ExprString(call.Fun) == "panic"
	}
	return false
}

func (f *finder) negate(e ast.Expr) {
	if f.negated[e] || !f.isBool(e) {
		return
	}
	f.negated[e] = true
	f.add(e, "negated", f.text(e), f.around(e, 0, "((", ") != mutateOn("+mark+"))"))
}

// helpers of binary operators, and what they make of them.
var helpers = map[token.Token][2]string{
	token.LSS: {"mutateLess", "<="}, token.LEQ: {"mutateAtMost", "<"},
	token.GTR: {"mutateGreater", ">="}, token.GEQ: {"mutateAtLeast", ">"},
	token.ADD: {"mutateAdd", "-"}, token.MUL: {"mutateMul", "/"},
	token.SUB: {"mutateSub", ""}, token.QUO: {"mutateDiv", ""}, token.REM: {"mutateRem", ""}, // operands swapped
}

func (f *finder) binary(n *ast.BinaryExpr) {
	switch n.Op {
	case token.LAND, token.LOR:
		if !f.isBool(n) {
			return
		}
		f.negate(n.X)
		f.negate(n.Y)
		// With m, De Morgan's law makes the other operator of it; without, nothing is changed.
		with := ") != mutateOn(" + mark + "))"
		other := map[token.Token]string{token.LAND: "||", token.LOR: "&&"}[n.Op]
		f.add(n, "operator", f.text(n)+" with "+other,
			f.around(n, 1, "((", with), f.around(n.X, 0, "((", with), f.around(n.Y, 0, "((", with))
		return
	case token.EQL, token.NEQ:
		f.negate(n)
		return
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		f.negate(n)
	}
	h, ok := helpers[n.Op]
	if !ok {
		return
	}
	kind, name, change := "operator", h[0], f.text(n)+" with "+h[1]
	switch {
	case n.Op == token.ADD && f.isString(n):
		kind, name, change = "operands swapped", "mutateJoin", f.text(n)
	case h[1] == "":
		kind, change = "operands swapped", f.text(n)
	case n.Op != token.ADD && n.Op != token.MUL:
		kind = "bound"
	}
	at := f.offset(n.OpPos)
	f.add(n, kind, change, f.around(n, 9, name+"("+mark+", ", ")"),
		edit{file: f.file, start: at, end: at + len(n.Op.String()), before: ",", replace: true})
}

// statements are dropped, if nothing is declared by them.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		kind := ""
		switch s := s.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); ok && types.ExprString(call.Fun) != "panic" {
				kind = "call dropped"
			}
		case *ast.DeferStmt:
			if f.typeOf(s.Call.Fun).String() != "context.CancelFunc" { // vet sees to those
				kind = "call dropped"
			}
		case *ast.GoStmt:
			kind = "call dropped"
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				kind = "assignment dropped"
			}
		case *ast.IncDecStmt, *ast.SendStmt:
			kind = "assignment dropped"
		}
		if kind != "" {
			f.add(s, kind, f.text(s), f.around(s, -1, "if !mutateOn("+mark+") { ", " }"))
		}
	}
}

func (f *finder) add(n ast.Node, kind, change string, edits ...edit) *fault {
	one := &fault{
		file: f.file, function: f.function, kind: kind, change: change, line: f.fset.Position(n.Pos()).Line, edits: edits,
	}
	f.faults = append(f.faults, one)
	return one
}

func (f *finder) around(n ast.Node, level int, before, after string) edit {
	return edit{file: f.file, start: f.offset(n.Pos()), end: f.offset(n.End()), level: level, before: before, after: after}
}

func (f *finder) offset(pos token.Pos) int { return f.fset.Position(pos).Offset }

// text is a node's source in one line.
func (f *finder) text(n ast.Node) string {
	src := string(f.sources[f.file][f.offset(n.Pos()):f.offset(n.End())])
	src = strings.Join(strings.Fields(src), " ")
	const most = 100
	if runes := []rune(src); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return src
}
