/* Asks the browser to make or to use a passkey, and puts its answer into the form. */
"use strict";

(function () {
	const form = document.getElementById("passkey");

	function bytes(text) {
		const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));

		return Uint8Array.from(plain, (c) => c.charCodeAt(0));
	}

	function text(buffer) {
		const plain = String.fromCharCode(...new Uint8Array(buffer));

		return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
	}

	function known() {
		const list = form.dataset.credentials || "";

		return list.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));
	}

	async function create() {
		const made = await navigator.credentials.create({
			publicKey: {
				challenge: bytes(form.dataset.challenge),
				rp: { id: form.dataset.host, name: form.dataset.organisation },
				user: {
					id: bytes(form.dataset.user),
					name: form.dataset.name,
					displayName: form.dataset.name,
				},
				pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
				excludeCredentials: known(),
				authenticatorSelection: { residentKey: "discouraged", userVerification: "preferred" },
				attestation: "none",
			},
		});

		form.elements.client.value = text(made.response.clientDataJSON);
		form.elements.data.value = text(made.response.getAuthenticatorData());
	}

	async function use() {
		const used = await navigator.credentials.get({
			publicKey: {
				challenge: bytes(form.dataset.challenge),
				rpId: form.dataset.host,
				allowCredentials: known(),
				userVerification: "preferred",
			},
		});

		form.elements.credential.value = text(used.rawId);
		form.elements.client.value = text(used.response.clientDataJSON);
		form.elements.data.value = text(used.response.authenticatorData);
		form.elements.signature.value = text(used.response.signature);
	}

	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		try {
			await (form.dataset.action === "create" ? create() : use());
			form.submit();
		} catch (error) {
			form.querySelector("[role=alert]").hidden = false;
		}
	});
})();
