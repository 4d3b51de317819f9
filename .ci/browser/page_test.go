package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// page is a tab of a browser of its own, with a login.
type page struct {
	*testing.T
	ctx context.Context

	mu     sync.Mutex
	thrown []string // exceptions of its scripts
}

// open opens a page of LuCI for a user, and waits until its view is there.
func open(t *testing.T, user, path string) *page {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p := &page{T: t, ctx: ctx}
	t.Cleanup(func() {
		p.unharmed()
		end()
	})
	err := chromedp.Listen(ctx, func(ev any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			p.thrown = append(p.thrown, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
		case *runtime.EventConsoleAPICalled: // by LuCI's handlers, of what they have caught
			for _, arg := range e.Args {
				if e.Type == runtime.ConsoleAPICalledTypeError {
					p.thrown = append(p.thrown, arg.Description+string(arg.Value))
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.pwnedBy = []; window.pwned = n => window.pwnedBy.push(n);`,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.do("log in", chromedp.Navigate(r.URL+"/login/"+user))
	p.visit(path)
	return p
}

// visit goes to another page with the same login, once the one before is seen to
// be unharmed: a new document knows nothing of it.
func (p *page) visit(path string) {
	p.Helper()
	p.unharmed()
	p.do("visit "+path, chromedp.Navigate(r.URL+"/cgi-bin/luci/admin/"+path))
	p.shown()
}

// shown waits until the view is there.
func (p *page) shown() {
	p.Helper()
	p.wait("the view", `document.querySelector('#view') && !document.querySelector('#view > .spinning') && document.querySelector('#view').childElementCount > 0`)
}

// do has the browser do something, and fails with what the page shows.
func (p *page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, *longest)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.Fatalf("%s: %v\n%s", what, err, p.picture())
	}
}

// picture is what a person sees, for a test that fails.
func (p *page) picture() string {
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + '\n' + document.body.innerText`))
	if file := os.Getenv("BROWSER_PICTURE"); file != "" {
		if png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100)); err == nil {
			os.WriteFile(file, png, 0o644)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return "the page shows:\n" + text + "\nits scripts threw: " + strings.Join(p.thrown, "\n") + "\nthe router's log:\n" + r.Log()
}

// eval returns what an expression of JavaScript is; a promise is awaited.
func eval[T any](p *page, js string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, *longest)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v\n%s", js, err, p.picture())
	}
	return value
}

// wait waits until an expression is true. A page that is being loaded anew is
// asked again.
func (p *page) wait(what, js string) {
	p.Helper()
	for end := time.Now().Add(*longest); ; time.Sleep(30 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(p.ctx, *longest)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(`+js+`)`))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			p.Fatalf("%s: not within %v (%v): %s\n%s", what, *longest, err, js, p.picture())
		}
	}
}

// until waits for something of the router's.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(*longest); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v\nthe router's log:\n%s", what, *longest, r.Log())
		}
	}
}

// sees waits until an element is there with that text in it.
func (p *page) sees(selector, text string) {
	p.Helper()
	p.wait(selector+" with "+text, fmt.Sprintf(`[...document.querySelectorAll(%s)].some(n => n.textContent.includes(%s))`, quote(selector), quote(text)))
}

// has tells whether an element is there that a person can see.
func (p *page) has(selector string) bool {
	p.Helper()
	return eval[bool](p, `[...document.querySelectorAll(`+quote(selector)+`)].some(n => n.checkVisibility())`)
}

// ready waits until a person can reach the element.
func (p *page) ready(selector string) {
	p.Helper()
	p.wait(selector, `(n => n && n.checkVisibility() && !n.disabled)(document.querySelector(`+quote(selector)+`))`)
}

// click clicks in the middle of the element, once it is there and can be, and
// nothing lies over it.
func (p *page) click(selector string) {
	p.Helper()
	p.ready(selector)
	const middle = `(n => {
		n.scrollIntoView({ block: 'center', behavior: 'instant' });
		const b = n.getBoundingClientRect(), at = [ b.x + b.width / 2, b.y + b.height / 2 ];
		const hit = document.elementFromPoint(...at);
		return n.contains(hit) || hit?.contains(n) ? at : [];
	})(document.querySelector(%s))`
	var at []float64
	for end := time.Now().Add(*longest); len(at) == 0; time.Sleep(30 * time.Millisecond) {
		if at = eval[[]float64](p, fmt.Sprintf(middle, quote(selector))); time.Now().After(end) {
			p.Fatalf("%s: something lies over it\n%s", selector, p.picture())
		}
	}
	p.do("click "+selector, chromedp.MouseClickXY(at[0], at[1]))
}

// types replaces a field's text by keys.
func (p *page) types(selector, text string) {
	p.Helper()
	p.ready(selector)
	eval[any](p, `(n => { n.focus(); n.select(); return null })(document.querySelector(`+quote(selector)+`))`)
	p.do("type into "+selector, chromedp.KeyEvent("\b"+text))
}

// chooses sets a select, as a person's choice does.
func (p *page) chooses(selector, value string) {
	p.Helper()
	p.ready(selector)
	eval[any](p, fmt.Sprintf(`(n => { n.value = %s; n.dispatchEvent(new Event('change', { bubbles: true })); return null })(document.querySelector(%s))`, quote(value), quote(selector)))
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// screen gives the page another size.
func (p *page) screen(width, height int64) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, ScreenWidth: width, ScreenHeight: height, DeviceScaleFactor: 1,
	})
	if err != nil {
		p.Fatal(err)
	}
}

// unharmed fails if foreign text ran, or stands as HTML, or if a script of ours
// threw.
func (p *page) unharmed() {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, *longest)
	defer cancel()
	ran, err := chromedp.Run(ctx, chromedp.Evaluate[[]any](`[...window.pwnedBy, ...document.querySelectorAll('[onerror], [onload], x-evil')].map(n => n.outerHTML ?? n)`))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || len(ran) > 0 || len(p.thrown) > 0 {
		p.Errorf("when it is left: %v; foreign text ran, or stands as HTML: %v; scripts threw %q", err, ran, p.thrown)
	}
}
