import { defineConfig } from 'vite';

// While you develop, the browser talks to Vite, and Vite passes on to Spa what belongs to the API.
export default defineConfig({
  server: {
    proxy: {
      '/api': {
        target: process.env.API_URL ?? 'http://127.0.0.1:8000',
        ws: true, // WebSockets too
        changeOrigin: false, // Spa compares the page's Origin with Host, so Host must be the page's own
      },
    },
  },
});
