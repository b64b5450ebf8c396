import sys, pathlib
sys.path.insert(0,'/work/main')
AXE=pathlib.Path('/tmp/full3/axe/node_modules/axe-core/axe.min.js').read_text()
from tests.browser.test_sign_in import *
def test_axe(themed, site, guest, request):
    page=themed.new_page()
    cdp=themed.new_cdp_session(page)
    cdp.send("Page.setBypassCSP",{"enabled":True})
    scheme=request.node.callspec.params["themed"]
    def check(name):
        page.evaluate(AXE)
        r=page.evaluate("async()=>(await axe.run(document,{resultTypes:['violations']})).violations.map(v=>v.id+': '+v.nodes.map(n=>n.html.slice(0,150)).join(' | '))")
        print(name,scheme,r)
        page.screenshot(path=f"/tmp/shot-{name}-{scheme}.png", full_page=True)
        return r
    bad=[]
    page.goto(site.url+"/sign-in"); expect(page.get_by_label("E-mail address")).to_be_focused(); bad+=check("signin")
    page.keyboard.type("x@y.example"); page.keyboard.press("Tab"); page.keyboard.type("wrong wrong"); page.keyboard.press("Enter"); expect(page.get_by_role("alert")).to_contain_text("not right"); bad+=check("signin-wrong")
    page.goto(site.url+"/healthz")
    page.goto(site.url+"/sign-in?back=/work#code"); expect(page.get_by_label("Code")).to_be_focused(); bad+=check("code")
    page.goto(site.url+"/accept#x"); expect(page.get_by_role("heading",name="This link does not work")).to_be_visible(); bad+=check("refused")
    page.goto(site.url+"/healthz")
    page.goto(f"{site.url}/accept#{guest.code}"); expect(page.get_by_label("New password")).to_be_focused(); bad+=check("accept")
    page.keyboard.type(PASSWORD); page.keyboard.press("Enter"); page.wait_for_url("**/work")
    page.goto(site.url+"/account"); expect(page.get_by_role("heading",name="Second factor")).to_be_visible(); bad+=check("account")
    page.get_by_role("button",name="Set up an authenticator").click(); page.keyboard.type(PASSWORD); page.keyboard.press("Enter"); expect(page.get_by_label("Six digits from the authenticator")).to_be_focused(); bad+=check("factor")
    page.keyboard.type(code_at(secret_of(page), int(time.time())//STEP_S)); page.keyboard.press("Enter"); expect(page.get_by_role("heading", name="Your recovery codes")).to_be_focused(); bad+=check("codes")
    assert bad==[]
