/* Drives Chromium for the tests: reads lines of JSON {id, code}, runs the code with `browser`, `contexts`
 * and what it put into `state`, and answers with a line {id, value} or {id, error}. */
"use strict";

const path = require("path");
const readline = require("readline");

const [modules, executable] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const axe = require("fs").readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");
const AsyncFunction = Object.getPrototypeOf(async function () {}).constructor;

/* A step that hangs is a failure, and not for the whole test to wait for. */
const STEP_SECONDS = 150;

function limited(promise) {
	let timer;
	const limit = new Promise((resolve, reject) => {
		timer = setTimeout(() => reject(new Error(`it took longer than ${STEP_SECONDS} s`)), STEP_SECONDS * 1000);
	});

	return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

async function violations(page) {
	await page.evaluate(axe);
	const found = await page.evaluate(() => window.axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
		iframes: false,
	}));

	return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
}

/* What WCAG 2.2 A and AA ask for and a program can see, on a page as it is now. axe-core needs timers, which a page without
 * JavaScript does not have: of that, the same address is looked at with no script but axe-core. */
async function accessibility(page) {
	const context = page.context();

	if (context._options.javaScriptEnabled !== false)
		return violations(page);
	const scripted = await context.browser().newContext({
		...context._options, javaScriptEnabled: true, storageState: await context.storageState(),
	});
	try {
		const copy = await scripted.newPage();

		await copy.route("**/*.js", (route) => route.abort());
		await copy.goto(page.url());
		return await violations(copy);
	} finally {
		await scripted.close();
	}
}

async function main() {
	const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox", "--disable-gpu"] });
	const state = {};

	for await (const line of readline.createInterface({ input: process.stdin })) {
		const { id, code } = JSON.parse(line);
		let answer;

		try {
			const run = new AsyncFunction("browser", "state", "accessibility", code);

			answer = { id, value: await limited(run(browser, state, accessibility)) };
		} catch (error) {
			answer = { id, error: String(error && error.stack || error) };
		}
		process.stdout.write(JSON.stringify(answer) + "\n");
	}
	await browser.close();
}

main().catch((error) => {
	process.stderr.write(String(error.stack) + "\n");
	process.exit(1);
});
