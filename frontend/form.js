// Says beside a field what is wrong with it before the form is sent, and puts a dataset's value back.
// Without this script the server says the same.

function told(input) {
  const { validity, dataset } = input;
  const unit = dataset.unit ? ` ${dataset.unit}` : "";
  const number = input.type === "number" && input.value !== "" ? Number(input.value) : null;
  if (validity.badInput) return "Enter a number.";
  if (validity.valueMissing) return "This value is needed.";
  if (number !== null && dataset.above !== undefined && number <= Number(dataset.above)) return `Must be more than ${dataset.above}${unit}.`;
  if (number !== null && dataset.below !== undefined && number >= Number(dataset.below)) return `Must be less than ${dataset.below}${unit}.`;
  if (validity.rangeUnderflow) return `Must be at least ${input.min}${unit}.`;
  if (validity.rangeOverflow) return `Must be at most ${input.max}${unit}.`;
  if (validity.stepMismatch) return "Enter a whole number.";
  if (validity.patternMismatch) return "Has characters or a form that cannot be used here.";
  if (validity.tooLong) return `Must have at most ${input.maxLength} characters.`;
  return "";
}

function show(input, sentence) {
  const field = input.closest(".field");
  if (!field) return;
  const id = `${input.id}_error`;
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((name) => name && name !== id);
  for (const old of field.querySelectorAll(".wrong")) old.remove();
  field.classList.toggle("field-wrong", Boolean(sentence));
  if (sentence) {
    const place = document.createElement("p");
    place.className = "wrong";
    place.id = id;
    place.textContent = sentence;
    field.append(place);
    described.push(id);
    input.setAttribute("aria-invalid", "true");
  } else input.removeAttribute("aria-invalid");
  if (described.length) input.setAttribute("aria-describedby", described.join(" "));
  else input.removeAttribute("aria-describedby");
}

function fieldsOf(form) {
  return [...form.elements].filter((input) => input.willValidate && input.closest(".field"));
}

function setUpResets() {
  for (const button of document.querySelectorAll("[data-reset]")) {
    const input = document.getElementById(button.dataset.reset);
    if (!input || input.type === "fieldset") continue;
    const value = () => (input.type === "checkbox" ? String(input.checked) : input.value);
    const update = () => (button.hidden = value() === button.dataset.resetTo);
    button.addEventListener("click", () => {
      if (input.type === "checkbox") input.checked = button.dataset.resetTo === "true";
      else input.value = button.dataset.resetTo;
      show(input, told(input));
      update();
      input.focus();
    });
    input.addEventListener("input", update);
    update();
  }
}

for (const form of document.querySelectorAll("form[data-checked]")) {
  form.addEventListener("change", ({ target }) => {
    if (target.willValidate) show(target, told(target));
  });
  form.addEventListener("submit", (event) => {
    const wrong = fieldsOf(form).filter((input) => told(input));
    for (const input of wrong) {
      show(input, told(input));
      const folded = input.closest("details");
      if (folded) folded.open = true;
    }
    if (!wrong.length) return;
    event.preventDefault();
    wrong[0].focus();
  });
}
setUpResets();
