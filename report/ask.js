// SPDX-License-Identifier: GPL-2.0
// tests/page adds this script to the page of a report. It checks the rendered page and answers on the console.
"use strict";

function isInside(text, box)
{
	const at = text.getBoundingClientRect();

	return at.left >= box.left - 1 && at.right <= box.right + 1 &&
		at.top >= box.top - 1 && at.bottom <= box.bottom + 1;
}

function isRight(svg)
{
	const box = svg.getBoundingClientRect();

	return box.width > 300 && box.height > 150 && svg.querySelectorAll("path, use, rect").length > 9 &&
		[...svg.querySelectorAll("text")].every(text => isInside(text, box));
}

// The lightness of "rgb(r, g, b)", from 0 to 1
function lightness(colour)
{
	return colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765;
}

function report()
{
	const body = getComputedStyle(document.body);
	const label = getComputedStyle(document.querySelector("figure svg text"));
	const paper = lightness(body.backgroundColor);

	for (const figure of document.querySelectorAll("figure")) {
		const verdict = isRight(figure.querySelector("svg")) ? "is there" : "is not right";

		console.log(`asked: ${figure.dataset.chart} ${verdict}`);
	}
	console.log(`asked: paper ${paper > 0.5 ? "light" : "dark"}`);
	for (const [what, colour] of [["text", body.color], ["label", label.fill]]) {
		const verdict = Math.abs(lightness(colour) - paper) > 0.6 ? "readable" : "unreadable";

		console.log(`asked: ${what} ${verdict}`);
	}
	for (const resource of performance.getEntriesByType("resource"))
		if (!resource.name.startsWith("data:"))
			console.log(`asked for ${resource.name}`);
	console.log("asked: all");
}

addEventListener("load", report);
