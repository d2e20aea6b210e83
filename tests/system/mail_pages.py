"""HTML mail as people's programs write it, and what once was lost of it: (name, HTML)."""

MSO = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}
</style><![endif]--><style><!--
/* Font Definitions */
@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}
p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; margin-bottom:.0001pt; font-size:11.0pt; font-family:"Calibri",sans-serif;
 mso-fareast-language:EN-US;}
a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1; text-decoration:underline;}
span.EmailStyle17 {mso-style-type:personal-compose; font-family:"Calibri",sans-serif; color:windowtext;}
.MsoChpDefault {mso-style-type:export-only;}
@page WordSection1 {size:612.0pt 792.0pt; margin:70.85pt 70.85pt 2.0cm 70.85pt;}
div.WordSection1 {page:WordSection1;}
ul {margin-bottom:0cm;}
--></style></head>
<body lang=DE-CH link="#0563C1" vlink="#954F72"><div class=WordSection1>
<p class=MsoNormal><span lang=DE>Guten Tag Frau Muster<o:p></o:p></span></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal>Die Unterlagen:<o:p></o:p></p>
<ul style='margin-top:0cm' type=disc><li class=MsoNormal style='mso-list:l0 level1 lfo1'>Police<o:p></o:p></li>
<li class=MsoNormal style='mso-list:l0 level1 lfo1'>Antrag<o:p></o:p></li></ul>
<table class=MsoTableGrid border=1 cellspacing=0 cellpadding=0 style='border-collapse:collapse;border:none'><tr>
<td width=302 valign=top style='width:226.5pt;border:solid windowtext 1.0pt;background:#D9E2F3;padding:0cm 5.4pt 0cm 5.4pt'>
<p class=MsoNormal><b>Betrag<o:p></o:p></b></p></td><td width=302 style='border:solid windowtext 1.0pt;padding:0cm 5.4pt'>
<p class=MsoNormal align=right style='text-align:right'>1'200.00<o:p></o:p></p></td></tr></table>
<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Von:</b> Hedi Muster</p></div>
</div></body></html>"""
APPLE = """<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>
<body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;" class="">Dear Anna,
<div class=""><br class=""></div><div class="">here it is.</div><div><br><blockquote type="cite" class=""><div class="">On 3 Mar, Anna wrote:</div>
<br class="Apple-interchange-newline"><div class=""><p style="font-family: Helvetica; font-size: 12px; caret-color: rgb(0, 0, 0);">Please send it.</p>
</div></blockquote></div></body></html>"""
GMAIL = """<div dir="ltr"><div class="gmail_default" style="font-family:verdana,sans-serif;font-size:small;color:#0b5394">Yes, on Monday.</div></div><br>
<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue, 3 Mar 2026 Anna wrote:<br></div>
<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">
<div>When?<ul><li style="margin-left:15px"><b>Monday</b></li></ul></div></blockquote></div>"""
THUNDERBIRD = """<!DOCTYPE html><html><head><meta http-equiv="content-type" content="text/html; charset=UTF-8"></head>
<body text="#000000" bgcolor="#FFFFFF"><p>Hello <font face="Courier New, Courier, monospace" size="+1">Anna</font>,</p><pre>a   table
in  a fixed font</pre><div class="moz-cite-prefix">On 03.03.26, Anna wrote:<br></div><blockquote type="cite" cite="mid:x@y">
<pre class="moz-quote-pre" wrap="">as it was</pre></blockquote><pre class="moz-signature" cols="72">-- \nHedi</pre></body></html>"""
BANK = """<!DOCTYPE html><html><head><style>.head,.foot{color:#fff;padding:16px}.head{background:#003366}
.foot{background:linear-gradient(90deg,#036,#069)}.button{background:#c00;color:white;padding:8px 16px;text-decoration:none}
.preheader{display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px}
@media(max-width:480px){.wide{display:none!important}.head{padding:4px}}</style></head>
<body style="margin:0;background:#f0f0f0"><span class=preheader>Your statement is here</span><div class=head><h1>A Bank</h1></div>
<p style="padding:0 16px">Your statement. <a class=button href=https://bank.example/>Open</a></p><p class=wide>Only on wide screens</p>
<div class=foot>1 Bank Street</div></body></html>"""
DARK = """<!DOCTYPE html><html><body bgcolor=102030 text=ffffff link=#ffff00><center><table bgcolor=black width=400 cellpadding=10><tr>
<td><font color=#eeeeee>White on black</font><tr><td bgcolor="#ffffff" style="color:#222">and black on white</table>As the page</center></body></html>"""
RIGHT_TO_LEFT = """<!DOCTYPE html><html dir=rtl lang=he><head><style>body{font:16px sans-serif}td{border:1px solid #888;padding:4px}</style></head>
<body><p>שלום עולם</p><table width=100%><tr><td>ראשון</td><td>שני</td></tr></table><ol><li>אחד<li>שתיים</ol></body></html>"""
INLINE_BACKGROUNDS = """<!DOCTYPE html><body style="margin:0"><div style="background:#036 none repeat scroll 0 0;color:#fff;padding:9px">Header</div>
<div style="background-image:linear-gradient(#900,#300);color:#fff;padding:9px">Gradient</div>
<table style="background:rgb(0 80 0 / 100%);color:#fff" width=300><tr><td>Cell</table>
<p style="background:navy;color:#ff0"><b style="font:italic bold 12px/30px Georgia, serif">Loud</b></p></body>"""

PAGES = [("Outlook", MSO), ("Apple Mail", APPLE), ("Gmail", GMAIL), ("Thunderbird", THUNDERBIRD), ("a bank", BANK),
         ("a dark page", DARK), ("right to left", RIGHT_TO_LEFT), ("grounds in attributes", INLINE_BACKGROUNDS)]
