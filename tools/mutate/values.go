package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

func (f *finder) typeOf(e ast.Expr) types.Type { return f.info.TypeOf(e) }

func (f *finder) isConstant(e ast.Expr) bool { return f.info.Types[e].Value != nil }

func (f *finder) isBool(e ast.Expr) bool {
	t := f.typeOf(e)
	return !f.isConstant(e) && t != nil && (types.Identical(t, types.Typ[types.Bool]) || t == types.Typ[types.UntypedBool])
}

func (f *finder) isString(e ast.Expr) bool {
	b, ok := f.typeOf(e).Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// constant scales a constant that is a number: one named by the package everywhere at once, others
// where they stand. Enumerations, characters and what other packages name (status codes, flags) are
// not quantities.
func (f *finder) constant(e ast.Expr) {
	t, ok := f.typeOf(e).(*types.Basic)
	isDuration := f.typeOf(e).String() == "time.Duration"
	if !isDuration && (!ok || t.Info()&types.IsNumeric == 0 || t.Info()&types.IsComplex != 0) {
		return
	}
	if constant.Sign(f.info.Types[e].Value) == 0 || !quantity(e) {
		return
	}
	edits := [2]edit{
		f.around(e, 3, "mutateTimes4["+f.named(f.typeOf(e))+"]("+mark+", ", ")"),
		f.around(e, 3, "mutateOver4["+f.named(f.typeOf(e))+"]("+mark+", ", ")"),
	}
	var object types.Object
	switch e := e.(type) {
	case *ast.Ident:
		object = f.info.Uses[e]
	case *ast.SelectorExpr:
		object = f.info.Uses[e.Sel]
		if object != nil && object.Pkg() != f.types && object.Pkg().Path() != "time" {
			return
		}
	}
	if object == nil || object.Pkg() != f.types {
		f.add(e, "constant", f.text(e)+" × 4", edits[0])
		f.add(e, "constant", f.text(e)+" ÷ 4", edits[1])
		return
	}
	if f.constants[object] == nil {
		pos := f.fset.Position(object.Pos())
		for _, change := range []string{" × 4", " ÷ 4"} {
			one := f.add(e, "constant", object.Name()+change)
			one.file, one.line = pos.Filename, pos.Line
			if object.Parent() == f.types.Scope() {
				one.function = object.Name()
			}
			f.constants[object] = append(f.constants[object], one)
		}
	}
	for i, one := range f.constants[object] {
		one.edits = append(one.edits, edits[i])
	}
}

func quantity(e ast.Expr) bool {
	yes := true
	ast.Inspect(e, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.CHAR {
			yes = false
		}
		return yes
	})
	return yes
}

// fields of a struct are zeroed.
func (f *finder) fields(n *ast.CompositeLit) {
	t := f.typeOf(n)
	if p, ok := t.Underlying().(*types.Pointer); ok { // an element of []*T written without &T
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for _, el := range n.Elts {
		kv, ok := el.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		name := kv.Key.(*ast.Ident).Name
		for i := range s.NumFields() {
			if s.Field(i).Name() == name {
				f.zero(kv.Value, s.Field(i).Type(), "field zeroed", name+": "+f.text(kv.Value))
			}
		}
	}
}

// results of a function are zeroed, one at a time.
func (f *finder) results(n *ast.ReturnStmt, parents []ast.Node) {
	var signature *types.Signature
	for i := len(parents) - 1; i >= 0 && signature == nil; i-- {
		switch p := parents[i].(type) {
		case *ast.FuncLit:
			signature, _ = f.typeOf(p).(*types.Signature)
		case *ast.FuncDecl:
			signature, _ = f.info.Defs[p.Name].Type().(*types.Signature)
		}
	}
	if signature == nil || signature.Results().Len() != len(n.Results) {
		return
	}
	for i, e := range n.Results {
		f.zero(e, signature.Results().At(i).Type(), "result zeroed", f.text(e)+" of "+f.text(n))
	}
}

func (f *finder) zero(e ast.Expr, t types.Type, kind, change string) {
	if f.isZero(e) {
		return
	}
	f.add(e, kind, change, f.around(e, 4, "mutateZero["+f.named(t)+"]("+mark+", ", ")"))
}

func (f *finder) isZero(e ast.Expr) bool {
	v := f.info.Types[e]
	if v.IsNil() {
		return true
	}
	if lit, ok := e.(*ast.CompositeLit); ok && len(lit.Elts) == 0 {
		_, isStruct := v.Type.Underlying().(*types.Struct)
		return isStruct
	}
	if v.Value == nil {
		return false
	}
	switch v.Value.Kind() {
	case constant.Bool:
		return !constant.BoolVal(v.Value)
	case constant.String:
		return constant.StringVal(v.Value) == ""
	default:
		return constant.Sign(v.Value) == 0
	}
}

// named writes a type as this file would.
func (f *finder) named(t types.Type) string {
	return types.TypeString(types.Default(t), func(other *types.Package) string {
		if other == f.types {
			return ""
		}
		for _, spec := range f.files[f.file].Imports {
			if strings.Trim(spec.Path.Value, `"`) == other.Path() && spec.Name != nil {
				return spec.Name.Name
			}
		}
		return other.Name()
	})
}

// arguments of one type are swapped, if that changes nothing but the call. What is logged or
// printed by a format is left out: few of its orders mean anything.
func (f *finder) arguments(n *ast.CallExpr) {
	to := types.ExprString(n.Fun)
	if strings.Contains(to, "log") || strings.HasPrefix(to, "fmt.") || f.info.Types[n.Fun].IsType() || f.info.Types[n.Fun].IsBuiltin() {
		return
	}
	for i := 0; i+1 < len(n.Args); i++ {
		a, b := n.Args[i], n.Args[i+1]
		if !pure(a) || !pure(b) || f.typeOf(a) == nil || !types.Identical(f.typeOf(a), f.typeOf(b)) || f.text(a) == f.text(b) {
			continue
		}
		with := func(other ast.Expr) string {
			from, to := f.offset(other.Pos()), f.offset(other.End())
			return ", " + string(f.sources[f.file][from:to]) + ")"
		}
		f.add(a, "operands swapped", f.text(a)+", "+f.text(b)+" in "+f.text(n.Fun)+"()",
			f.around(a, 0, "mutatePick("+mark+", ", with(b)), f.around(b, 0, "mutatePick("+mark+", ", with(a)))
	}
}

// pure tells whether to compute an expression twice is to compute it once.
func pure(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident, *ast.BasicLit:
		return true
	case *ast.SelectorExpr:
		return pure(e.X)
	}
	return false
}
