// Demo sign-ins fill the form: one click, then Enter.
for (const button of document.querySelectorAll("[data-sign-in]")) {
  button.addEventListener("click", () => {
    document.getElementById("id_login").value = button.dataset.signIn;
    const password = document.getElementById("id_password");
    password.value = "chairtime-demo";
    password.form.querySelector("[type=submit]").focus();
  });
}
