package browser_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var picture = flag.String("picture", "", "write the README's picture into this `file`")

// trouble is an account that its service refuses.
const trouble = `
config account 'office'
	option service 'spdyn'
	list domain 'other.spdns.org'
	option token 'abcd-efgh-ijkl'
`

// The README's picture: two accounts, one of them in trouble. It is made on
// LuCI's own theme (make luci LUCI=… PICTURE=…); here it must fit.
func TestPicture(t *testing.T) {
	begin(t, on+home+trouble)
	p := open(t, "root", stateView)
	p.screen(960, 760)
	p.current("home")
	p.wait("the trouble", `document.querySelector('[data-account="office"] [data-state="stopped"]')`)
	eval[any](p, `(document.querySelector('#indicators')?.replaceChildren(), null)`)
	res, err := chromedp.Call(p.ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{})
	check(t, err)
	image, err := png.Decode(bytes.NewReader(res.Data))
	check(t, err)
	if image.Bounds().Dx() != 960 || len(res.Data) > 120<<10 {
		t.Errorf("the picture is %v, %d bytes", image.Bounds(), len(res.Data))
	}
	if *picture != "" {
		check(t, os.WriteFile(*picture, res.Data, 0o644))
	}
}
