/* The writing page: saves what is written every half minute, at an address that stays, sends files at once
 * and shows how far they are, takes files that are dropped, and warns before the session ends. Without it,
 * everything works by the buttons. The texts are in the page, in the reader's language. */
"use strict";

(function () {
	const form = document.querySelector("form[action='/send']");
	const notes = document.getElementById("notes");
	const state = document.getElementById("state");
	const bar = document.getElementById("progress");
	const ending = document.getElementById("ending");
	const chooser = document.getElementById("files");
	const kept = document.getElementById("kept");
	const SAVE = 30000, RETRY = 10000, WARN = 120000, SLACK = 60000;
	const lifetime = Number(form.dataset.session) * 1000;
	/* What the browser filled in again, when it came back to the page, is not saved yet. */
	let saved = fields("defaultValue"), waiting = [], active = null, submitter = null, left = false, warning = 0;

	function say(name, values) {
		let text = notes.querySelector("[data-note='" + name + "']").textContent;

		for (const [key, value] of Object.entries(values || {}))
			text = text.replace("{" + key + "}", value);
		state.textContent = text;
	}

	function fields(property) {
		return JSON.stringify(["to", "subject", "text"].map((name) => form.elements.namedItem(name)[property]));
	}

	function snapshot() {
		return fields("value");
	}

	/* Reloading the page, and coming back to it, shows the draft. */
	function keep(draft) {
		const place = "/draft/" + draft;

		if (location.pathname !== place)
			history.replaceState(history.state, "", place);
	}

	function changed() {
		return waiting.length > 0 || snapshot() !== saved;
	}

	function fresh() {
		clearTimeout(warning);
		ending.hidden = true;
		if (lifetime > WARN + SLACK)
			warning = setTimeout(() => { ending.hidden = false; }, lifetime - WARN - SLACK);
	}

	/* The new version's files are those that were ticked when it was made, then the new ones. Lines that
	 * stay keep their state: whoever unticked one meanwhile does not want it. */
	function list(files, sent) {
		const stay = sent.every((box, number) => box.parentNode.textContent === files[number]) ? sent : [];

		kept.querySelectorAll("input").forEach((box) => {
			if (!stay.includes(box))
				box.closest("p").remove();
		});
		stay.forEach((box, number) => { box.name = "keep-" + number; });
		kept.hidden = files.length === 0;
		files.slice(stay.length).forEach((name, index) => {
			const line = kept.appendChild(document.createElement("p"));
			const label = line.appendChild(document.createElement("label"));
			const box = label.appendChild(document.createElement("input"));

			line.className = "choice";
			box.type = "checkbox";
			box.name = "keep-" + (stay.length + index);
			box.value = "yes";
			box.checked = true;
			label.appendChild(document.createElement("span")).textContent = name;
		});
	}

	/* What is unticked while a version is being made is not in it, and cannot be ticked again. */
	function lock(locked) {
		kept.querySelectorAll(locked ? "input:not(:checked)" : "input").forEach((box) => { box.disabled = locked; });
	}

	/* Back into the field: the form takes them along, and the next page says what is wrong. */
	function choose(files) {
		const data = new DataTransfer();

		[...chooser.files, ...files].forEach((file) => data.items.add(file));
		chooser.files = data.files;
	}

	/* What the server saved: another window may have made it a draft of its own. */
	function take(answer, status, boxes) {
		for (const name of ["draft", "form", "proof"])
			if (answer[name])
				form.elements.namedItem(name).value = answer[name];
		if (answer.form)
			keep(answer.form);
		if (answer.files)
			list(answer.files, boxes);
		state.textContent = answer.message || "";
		state.classList.toggle("wrong", status !== 200);
		if (answer.other) {
			const link = state.appendChild(document.createElement("a"));

			link.href = "/draft/" + answer.other;
			link.target = "_blank";
			link.rel = "noopener";
			link.textContent = notes.querySelector("[data-note='other']").textContent;
		}
		fresh();
	}

	function finish() {
		const pressed = submitter;

		active = null;
		bar.hidden = true;
		submitter = null;
		if (pressed)
			form.requestSubmit(pressed);
	}

	function fail(files, note) {
		waiting = files.concat(waiting);
		state.classList.add("wrong");
		say(note);
		/* Whoever pressed a button sees the page that says more. */
		if (submitter && note !== "offline") {
			choose(waiting);
			waiting = [];
			return finish();
		}
		active = null;
		bar.hidden = true;
		if (note === "offline")
			setTimeout(save, RETRY);
	}

	function done(request, files, sent, boxes) {
		let answer = null;

		try {
			answer = JSON.parse(request.responseText);
		} catch (error) {
			return fail(files, request.status === 403 ? "signed-out" : request.status === 413 ? "large" : "offline");
		}
		if (request.status !== 200 && request.status !== 409) {
			take(answer, request.status, boxes);
			choose(files.concat(waiting));
			waiting = [];
			submitter = null;
			return finish();
		}
		take(answer, request.status, boxes);
		saved = sent;
		if (waiting.length > 0) {
			active = null;
			return save();
		}
		/* What the other window saved is to be looked at first. */
		if (request.status === 409)
			submitter = null;
		return finish();
	}

	function save() {
		const files = waiting, data = new FormData(form), sent = snapshot();

		if (active || left)
			return;
		waiting = [];
		data.delete("files");
		data.set("action", "autosave");
		files.forEach((file) => data.append("files", file, file.name));
		active = new XMLHttpRequest();
		const request = active, boxes = [...kept.querySelectorAll("input:checked")];
		lock(true);
		request.upload.onprogress = (event) => {
			if (files.length === 0 || !event.lengthComputable)
				return;
			const percent = Math.floor(event.loaded * 100 / event.total);

			bar.hidden = false;
			bar.value = percent;
			say("uploading", { percent });
		};
		request.onloadend = () => {
			lock(false);
			if (request.status === 0)
				fail(files, "offline");
			else
				done(request, files, sent, boxes);
		};
		request.open("POST", form.getAttribute("action")); /* form.action is a button */
		request.send(data);
	}

	function add(files) {
		const all = waiting.concat([...files]);

		if (all.reduce((sum, file) => sum + file.size, 0) > Number(form.dataset.limit)) {
			state.classList.add("wrong");
			say("large");
			return;
		}
		state.classList.remove("wrong");
		waiting = all;
		save();
	}

	chooser.addEventListener("change", () => {
		add(chooser.files);
		chooser.value = "";
	});
	document.addEventListener("dragover", (event) => {
		if (![...event.dataTransfer.types].includes("Files"))
			return;
		event.preventDefault();
		form.classList.add("drop");
	});
	document.addEventListener("dragleave", () => form.classList.remove("drop"));
	document.addEventListener("drop", (event) => {
		form.classList.remove("drop");
		if (event.dataTransfer.files.length === 0)
			return;
		event.preventDefault();
		add(event.dataTransfer.files);
	});
	form.addEventListener("submit", (event) => {
		if (active || waiting.length > 0) {
			event.preventDefault();
			submitter = event.submitter;
			say("waiting");
			save();
			return;
		}
		left = true;
	});
	window.addEventListener("beforeunload", (event) => {
		if (!left && changed())
			event.preventDefault();
	});
	/* A telephone ends a page that is out of sight without a word. */
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "hidden" && changed())
			save();
	});
	window.addEventListener("pagehide", () => {
		const data = new FormData(form);

		if (left || snapshot() === saved)
			return;
		data.delete("files");
		data.set("action", "autosave");
		navigator.sendBeacon(form.getAttribute("action"), data);
	});
	window.addEventListener("pageshow", (event) => {
		if (event.persisted)
			left = false;
	});
	ending.querySelector("button").addEventListener("click", save);
	setInterval(() => {
		if (changed())
			save();
	}, SAVE);
	document.getElementById("dropping").hidden = false;
	fresh();
}());
