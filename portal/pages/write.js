/* The writing page: saves what is written every half minute, at an address that stays, sends files at once
 * and shows how far they are, takes files that are dropped, and warns before the session ends. A large file is
 * sent in pieces, and goes on where it was when the connection or the page is back. Without it,
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
	const PIECE = 2 * 1024 * 1024; /* what the server takes at once (large_file.h) */
	const lifetime = Number(form.dataset.session) * 1000;
	/* What the browser filled in again, when it came back to the page, is not saved yet. */
	let saved = fields("defaultValue"), waiting = [], active = null, submitter = null, left = false, warning = 0;
	/* Large files, the first of which is on its way: { file, id, arrived, refused }. */
	let queue = [], carrying = false, again = false;

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

	function unsaved() {
		return waiting.length > 0 || snapshot() !== saved;
	}

	function changed() {
		return queue.length > 0 || unsaved();
	}

	function fresh() {
		clearTimeout(warning);
		ending.hidden = true;
		if (lifetime > WARN + SLACK)
			warning = setTimeout(() => { ending.hidden = false; }, lifetime - WARN - SLACK);
	}

	function offer(field, name) {
		const line = kept.appendChild(document.createElement("p"));
		const label = line.appendChild(document.createElement("label"));
		const box = label.appendChild(document.createElement("input"));

		line.className = "choice";
		box.type = "checkbox";
		box.name = field;
		box.value = "yes";
		box.checked = true;
		label.appendChild(document.createElement("span")).textContent = name;
		if (field.startsWith("large-")) {
			const listed = line.appendChild(document.createElement("input"));

			listed.type = "hidden";
			listed.name = field.replace("large-", "listed-");
			listed.value = "yes";
		}
	}

	/* The new version's files are those that were ticked when it was made, then the new ones. Lines that
	 * stay keep their state: whoever unticked one meanwhile does not want it. */
	function list(files, large, sent) {
		const before = sent.filter((box) => box.name.startsWith("keep-"));
		const stay = before.every((box, number) => box.parentNode.textContent === files[number]) ? before : [];
		const fields = large.map((file) => "large-" + file.id);

		kept.querySelectorAll("input[type=checkbox]").forEach((box) => {
			if (!stay.includes(box) && !fields.includes(box.name))
				box.closest("p").remove();
		});
		stay.forEach((box, number) => { box.name = "keep-" + number; });
		files.slice(stay.length).forEach((name, index) => offer("keep-" + (stay.length + index), name));
		large.forEach((file, index) => {
			if (!kept.querySelector("[name='" + fields[index] + "']"))
				offer(fields[index], file.name);
		});
		kept.hidden = files.length + large.length === 0;
	}

	/* What is unticked while a version is being made is not in it, and cannot be ticked again. */
	function lock(locked) {
		kept.querySelectorAll("input[type=checkbox]" + (locked ? ":not(:checked)" : "")).forEach((box) => { box.disabled = locked; });
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
			list(answer.files, answer.large, boxes);
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

	/* What is pressed meanwhile waits, and is said to until it is done. */
	function progress(percent) {
		bar.hidden = false;
		bar.value = percent;
		if (submitter)
			say("waiting");
		else
			say("uploading", { percent });
	}

	function finish() {
		const pressed = submitter;

		active = null;
		if (queue.length > 0) {
			if (pressed)
				say("waiting");
			return carry();
		}
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
			/* Without a draft, nothing can be added to it. */
			if (!form.elements.namedItem("draft").value) {
				choose(queue.map((item) => item.file));
				queue = [];
			}
			submitter = null;
			return finish();
		}
		take(answer, request.status, boxes);
		saved = sent;
		if (waiting.length > 0 || again) {
			active = null;
			again = false;
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
			progress(Math.floor(event.loaded * 100 / event.total));
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

	/* --- large files --- */

	/* It is not taken, because of this. The form takes it along, and the next page says so again. */
	function giveUp(message) {
		choose([queue.shift().file]);
		submitter = null;
		state.classList.add("wrong");
		state.textContent = message;
		carry();
	}

	/* The connection broke, or the server cannot take it just now: it goes on by itself. */
	function later(note) {
		state.classList.add("wrong");
		say(note);
		if (note === "offline") {
			setTimeout(carry, RETRY);
			return;
		}
		/* Nothing is sent without them. */
		choose(queue.map((item) => item.file));
		queue = [];
		bar.hidden = true;
		if (submitter)
			finish();
	}

	function answered(item, request) {
		let answer = null;

		carrying = false;
		try {
			answer = JSON.parse(request.responseText);
		} catch (error) {
			return later(request.status === 403 ? "signed-out" : request.status === 413 ? "large" : "offline");
		}
		fresh();
		/* The answer to its last piece may have been lost, or another window was faster. */
		const whole = answer.whole || (request.status === 409 && answer.arrived === item.file.size);
		if (request.status === 200 || whole) {
			state.classList.remove("wrong");
			Object.assign(item, { id: answer.file || item.id, arrived: answer.arrived, refused: 0 });
			if (!whole)
				return carry();
			/* The draft has it. */
			queue.shift();
			again = active !== null;
			save();
			return carry();
		}
		/* Another window sends it too, or the draft has become another one. */
		item.refused += 1;
		if ((request.status !== 409 && request.status !== 404) || item.refused > 3)
			return giveUp(answer.message);
		if (request.status === 404)
			item.id = null;
		else
			item.arrived = answer.arrived;
		return carry();
	}

	function post(item, path, data) {
		const request = new XMLHttpRequest();

		for (const name of ["token", "form"])
			data.set(name, form.elements.namedItem(name).value);
		if (item.id)
			request.upload.onprogress = (event) =>
				progress(Math.floor(Math.min(item.arrived + event.loaded, item.file.size) * 100 / item.file.size));
		request.onload = () => answered(item, request);
		request.onerror = request.onabort = () => {
			carrying = false;
			later("offline");
		};
		carrying = true;
		request.open("POST", path);
		request.send(data);
	}

	/* The next piece of the first file; a new one is announced first, for which the draft must be saved. */
	function carry() {
		const item = queue[0];

		if (carrying || left || !item)
			return;
		if (!form.elements.namedItem("draft").value) {
			save();
			return;
		}
		if (item.id) {
			const data = new FormData();

			data.set("offset", item.arrived);
			data.append("piece", item.file.slice(item.arrived, item.arrived + PIECE), "piece");
			post(item, "/upload/" + item.id, data);
			return;
		}
		post(item, "/upload", new URLSearchParams({ name: item.file.name, type: item.file.type, size: item.file.size,
			modified: item.file.lastModified }));
	}

	function add(files) {
		const all = waiting.concat(queue.map((item) => item.file), [...files]);

		if (all.reduce((sum, file) => sum + file.size, 0) > Number(form.dataset.limit)) {
			state.classList.add("wrong");
			say("large");
			return;
		}
		state.classList.remove("wrong");
		for (const file of files)
			if (file.size > PIECE)
				queue.push({ file, id: null, arrived: 0, refused: 0 });
			else
				waiting.push(file);
		if (waiting.length > 0)
			save();
		carry();
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
		if (active || waiting.length > 0 || queue.length > 0) {
			event.preventDefault();
			submitter = event.submitter;
			say("waiting");
			if (waiting.length > 0)
				save();
			carry();
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
		if (document.visibilityState === "hidden" && unsaved())
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
		if (unsaved())
			save();
	}, SAVE);
	document.getElementById("dropping").hidden = false;
	fresh();
}());
