import { gzipInBrowser, openModel } from "hipmri-unet/browser";

const [input, output, link] = document.querySelectorAll("input, pre, a");
const model = await openModel(await (await fetch("./model.onnx")).arrayBuffer());
output.textContent = `Ready, with ${model.backend.runtime.name}`;

input.onchange = async () => {
  const onProgress = (done, total) => {
    output.textContent = `Slice ${done} of ${total}`;
  };
  const { labels, masks } = await model.segment(input.files[0], { onProgress });
  output.textContent = labels.map(({ name, ml }) => `${name}: ${ml} ml`).join("\n");
  link.href = URL.createObjectURL(new Blob([gzipInBrowser(masks[0].bytes)]));
  link.download = `${masks[0].name}.gz`;
};
