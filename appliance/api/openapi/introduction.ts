/** What the document says of the API before any path. Data. */

/** Members of `info`. */
export const introduction = {
  description: `Network policy, host endpoints, address pools and BGP for plain Linux machines: the resources of \`projectcalico.org/v3\`,
served in the Kubernetes style, with no Kubernetes anywhere.

* **Objects** have \`apiVersion\`, \`kind\`, \`metadata\` and \`spec\`. Create with POST, replace with PUT (naming the \`resourceVersion\` you read), change parts with PATCH.
* **Unknown fields are refused** (\`fieldValidation=Strict\` when absent). A rule with a misspelt field must not be half taken.
* **Try it safely**: every change takes \`dryRun=All\`, which does everything but the write.
* **Follow changes** with \`watch=true\` on a list: one JSON object a line, from the \`resourceVersion\` you name.
* **Errors** are \`Status\` objects: \`reason\` is for programs, \`message\` for people, and \`details.causes\` names every wrong field at once.

Plain \`kubectl\`, \`calicoctl\` and any HTTP client speak to it. What you may do depends on who you are: ask \`kubectl auth can-i --list\`.`,
  license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
} as const;
