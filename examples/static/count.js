export const count = selector => document.querySelectorAll(selector).length;
